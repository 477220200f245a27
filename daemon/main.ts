/** Composition root of the daemon, the process that holds secrets. */
import { spawn as nodeSpawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasRunUser } from '../shared/boundary.ts';
import { allowed } from '../shared/environment.ts';
import { toFailure } from '../shared/errors.ts';
import { paths as findPaths } from '../shared/paths.ts';
import { DEFAULT_PROFILE } from '../shared/profile-name.ts';
import type { Secret } from '../shared/secret.ts';
import { createAdmission } from './admission.ts';
import { announce, tell, type Word } from './announce.ts';
import { createApiKey } from './api-key.ts';
import { openAudit } from './audit.ts';
import { createApiKeyCheck } from './bw/api-key-check.ts';
import { createInvoke } from './bw/invoke.ts';
import { handOver } from './bw/password.ts';
import { loadPipe } from './bw/pipe.ts';
import { createRunner } from './bw/run.ts';
import { createVerbs } from './bw/verbs.ts';
import { systemStartOf } from './holds.ts';
import { claimInstance } from './instance.ts';
import { createAskWorker } from './keychain/ask-worker.ts';
import { chooseKeychain } from './keychain/chosen.ts';
import { openKeychainFile } from './keychain/file.ts';
import { openNotes } from './keychain/notes.ts';
import { openOsKeychain } from './keychain/os.ts';
import { openPassphraseFile } from './keychain/passphrase-file.ts';
import { createLeave } from './leave.ts';
import { createLeftOpen } from './left-open.ts';
import { openLog, withFields } from './log.ts';
import { createMethods, type Info } from './methods.ts';
import { openMarks } from './open-marks.ts';
import { createDoor } from './pipe-door.ts';
import { createProfile } from './profile.ts';
import { createProfileList } from './profile-list.ts';
import { createProfiles } from './profiles.ts';
import { createServer } from './server.ts';
import { createChange } from './settings/change.ts';
import { createConfig } from './settings/config.ts';
import { openSettings, orBefore, profileIn } from './settings/settings.ts';
import { systemClock } from './system/clock.ts';
import { loadHardening } from './system/hardening.ts';
import { closeInherited } from './system/inherited.ts';
import { loadNative } from './system/native.ts';
import { whereRoom } from './system/room-for-child.ts';
import { createClaims } from './vault/claim.ts';
import { openDataFile } from './vault/data-file.ts';
import { clearStaged, staged } from './vault/staged.ts';

// Before anything is created.
process.umask(0o077);
if (process.platform === 'linux') closeInherited();
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
  native.harden();
  const hardening = loadHardening(platform);
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
  const settingsFile = { file: paths.settings, home, uid };
  const { read: settings } = openSettings(settingsFile);
  const audit = openAudit(paths.audit, { clock, log });
  const kill = process.kill.bind(process);
  const spawn = whereRoom(nodeSpawn, platform);
  const worker = createAskWorker({
    spawn,
    kill,
    clock,
    platform,
    command: [nodePath, '--disable-sigusr1', join(import.meta.dirname, 'keychain-worker.js')],
    env: allowed(env, platform),
  });
  const passphraseFile = openPassphraseFile({
    named: () => settings().passphraseFile,
    credentials: env.CREDENTIALS_DIRECTORY,
    uid,
  });
  const keychains = {
    os: openOsKeychain({ worker, notes: openNotes(paths.keychainNotes), clock, platform }),
    file: openKeychainFile({ file: paths.keychain, uid, platform, passphraseFile }),
  };
  clearStaged(paths.runtime);

  const leave = createLeave({ clock, log, exit: (code) => process.exit(code) });
  const { signal } = leave;
  const runner = createRunner({ spawn, kill, clock, platform, openPipe: loadPipe(platform) });
  const invoke = createInvoke({
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
  const startOf = systemStartOf(platform);
  const random = () => randomBytes(16).toString('hex');
  const claims = createClaims({ lockFile: native.lockFile, owner: `pid ${pid}, ${paths.runtime}` });
  const marks = openMarks(paths.open, { log, clock });
  const leftOpen = createLeftOpen({
    marks,
    claims,
    dataFile: (folder) => openDataFile(folder, { clock, platform }),
    bw: (name) => invoke(name, () => profileIn(settings(), name)).run,
    served: (wanted) => profiles.served.find(({ name }) => name === wanted),
    clock,
    log,
    audit,
  });
  const ownFolder = (name: string) =>
    name === DEFAULT_PROFILE ? paths.bwDefault : join(paths.profiles, name);
  const build = (name: string, dataDir: string) => {
    const own = () => profileIn(settings(), name);
    const bw = invoke(name, own);
    const dataFile = openDataFile(dataDir, { clock, platform });
    const atFirst = own();
    const server = () => orBefore(own, atFirst).server;
    const context = (secrets: readonly Secret[]) => ({ dataDir, server: server(), secrets });
    const scratch = paths.runtime;
    const verbs = createVerbs({
      dataFile,
      scratch,
      run: bw.run,
      clock,
      platform,
      random,
      context,
      stage: staged,
      atRest: () => own().apiKeyAtRest,
    });
    const keychain = chooseKeychain(() => own().keychain, keychains);
    const apiKey = createApiKey({
      name,
      keychain,
      settings: own,
      settingsFile: paths.settings,
      dataFile,
    });
    const byPassword = {
      invoke: bw,
      // bw runs on a staged copy there.
      context: (secrets: readonly Secret[]) => ({ ...context(secrets), writesTo: scratch }),
      handOver: (password: Secret) => handOver(password, platform, random),
      checkApiKey: createApiKeyCheck({ clock, platform, settings: own, leaving: signal }),
      leaving: signal,
    };
    return createProfile({
      name,
      dataFile,
      verbs,
      byPassword,
      keychain,
      apiKey,
      settings: own,
      claim: () => claims.claim(name, dataDir),
      release: () => claims.release(name),
      startOf,
      clock,
      log: withFields(log, { profile: name }),
      audit,
      marks,
      leftOpen,
      logProblem: log.problem,
    });
  };
  const profiles = createProfiles({ settings, ownFolder, build });
  const change = createChange({ ...settingsFile, clock, platform });
  const profileList = createProfileList({
    settings,
    change,
    profiles,
    keychains,
    claims,
    leftOpen,
  });
  const config = createConfig({ ...settingsFile, change });

  const admission = createAdmission({
    live: () =>
      profiles.served.some(({ sessions }) => (sessions.left() ?? sessions.problem()) !== undefined),
    leave: async () => void (await leave.begin('a newer helper')),
  });
  const info: Info = { pid, startedMs: clock.monotonicMs(), hardening };
  const { server, drop } = createServer({
    clock,
    uid,
    log,
    peer: native.peer,
    descriptorLimit: native.descriptorLimit,
    door,
    handlers: (connection) =>
      createMethods(
        {
          profiles,
          profileList,
          settings,
          settingsFile: paths.settings,
          config,
          admission,
          clock,
          audit,
          info,
          leftOpen,
          stop: leave.begin,
        },
        connection,
      ),
  });
  const forget = () => {
    for (const keychain of Object.values(keychains)) keychain.forget();
  };
  leave.onLeave({ drop, profiles, leftOpen, forget, instance });
  // Nothing else keeps the process alive yet, and it may have to wait for the lock of who was killed.
  const alive = setInterval(() => {}, 1_000);
  await leftOpen.lock();
  clearInterval(alive);
  await instance.listen(server);
  instance.watch(clock, () => leave.begin('socket or lock gone'));
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(name, () => leave.begin(name));
  process.on('uncaughtException', (thrown) => leave.crash(thrown));
  log.info('ready', { ...hardening(), node: process.versions.node, socket: paths.socket });
  say({ ready: true, pid });
}
