/** Composition root of the daemon, the process that holds secrets. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasRunUser } from '../shared/boundary.ts';
import { allowed } from '../shared/environment.ts';
import { toFailure } from '../shared/errors.ts';
import { paths as findPaths } from '../shared/paths.ts';
import type { Secret } from '../shared/secret.ts';
import { announce, tell, type Word } from './announce.ts';
import { createInvoke } from './bw/invoke.ts';
import { loadPipe } from './bw/pipe.ts';
import { createRunner } from './bw/run.ts';
import { createVerbs } from './bw/verbs.ts';
import { systemClock } from './clock.ts';
import { claimInstance } from './instance.ts';
import { createAskWorker } from './keychain/ask-worker.ts';
import { chooseKeychain } from './keychain/chosen.ts';
import { openKeychainFile } from './keychain/file.ts';
import { openNotes } from './keychain/notes.ts';
import { openOsKeychain } from './keychain/os.ts';
import { createLeave } from './leave.ts';
import { openLog } from './log.ts';
import { createMethods } from './methods.ts';
import { loadNative } from './native.ts';
import { createDoor } from './pipe-door.ts';
import { createProfile } from './profile.ts';
import { createProfiles } from './profiles.ts';
import { createServer } from './server.ts';
import { openSettings } from './settings/settings.ts';
import { createClaim } from './vault/claim.ts';
import { openDataFile } from './vault/data-file.ts';
import { clearStaged, staged } from './vault/staged.ts';

// Before anything is created.
process.umask(0o077);
// Node would hand it to every child.
delete process.env.NODE_V8_COVERAGE;
const foreground = process.argv.includes('--foreground');
const say = (word: Word) => (foreground ? tell(word) : announce(word, process.platform));

start().catch((thrown) => {
  const { row } = toFailure(thrown);
  say({ error: row });
  process.exit(row.exit);
});

async function start(): Promise<void> {
  const { env, platform, pid, execPath: nodePath } = process;
  const uid = process.getuid?.() ?? -1;
  const home = (platform !== 'win32' && env.HOME) || homedir();
  const clock = systemClock();
  const native = loadNative(platform);
  const hardening = native.harden();
  const paths = findPaths({
    platform,
    env,
    home,
    uid,
    hasRunUser: hasRunUser(lstatSync, uid),
  });
  const door = platform === 'win32' ? createDoor(randomBytes) : undefined;
  const instance = claimInstance({ paths, uid, pid, lockFile: native.lockFile, door });
  const log = openLog(foreground ? 2 : paths.log, env.BW_HELPER_DEBUG === '1');
  const { read: settings } = openSettings({ file: paths.settings, home, uid });
  const kill = process.kill.bind(process);
  const worker = createAskWorker({
    spawn,
    kill,
    clock,
    platform,
    command: [nodePath, '--disable-sigusr1', join(import.meta.dirname, 'keychain-worker.js')],
    env: allowed(env, platform),
  });
  const keychain = chooseKeychain(() => settings().profile.keychain, {
    os: openOsKeychain({ worker, notes: openNotes(paths.keychainNotes), clock, platform }),
    file: openKeychainFile({ file: paths.keychain, uid, platform }),
  });
  clearStaged(paths.runtime);

  const leave = createLeave({ clock, log, exit: (code) => process.exit(code) });
  const { signal } = leave;
  const runner = createRunner({ spawn, kill, clock, platform, openPipe: loadPipe(platform) });
  const run = createInvoke({
    run: runner,
    settings,
    settingsFile: paths.settings,
    own: env,
    platform,
    uid,
    nodePath,
    log,
    signal,
  });
  const random = () => randomBytes(16).toString('hex');
  const profiles = createProfiles(settings, paths.bwDefault, (dataDir) => {
    const dataFile = openDataFile(dataDir, { clock, platform });
    const server = () => settings().profile.server ?? 'the server';
    const context = (secrets: readonly Secret[]) => ({ dataDir, server: server(), secrets });
    const scratch = paths.runtime;
    const verbs = createVerbs({
      dataFile,
      scratch,
      run,
      clock,
      platform,
      random,
      context,
      stage: staged,
    });
    const owner = `pid ${pid}, ${paths.runtime}`;
    const claim = createClaim(dataDir, { lockFile: native.lockFile, owner });
    const name = 'default';
    return createProfile({ name, dataFile, verbs, keychain, settings, claim, clock, log });
  });

  const info = { pid, startedMs: clock.monotonicMs() };
  const { server, drop } = createServer({
    clock,
    uid,
    log,
    peer: native.peer,
    door,
    handlers: (connection) =>
      createMethods(
        { profiles, keychain, settingsFile: paths.settings, clock, info, stop: leave.begin },
        connection,
      ),
  });
  leave.onLeave({ drop, profiles, keychain, instance });
  await instance.listen(server);
  instance.watch(clock, () => leave.begin('socket gone'));
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(name, () => leave.begin(name));
  process.on('uncaughtException', (thrown) => leave.crash(thrown));
  log.info('ready', { ...hardening, node: process.versions.node, socket: paths.socket });
  say({ ready: true, pid });
}
