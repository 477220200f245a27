/** The client holds what is typed for a moment: nobody finds it in a core file, or by a debugger. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ByPassword, byPassword } from '../support/by-password.ts';
import { leavesCores, WITH_CORES } from '../support/cores.ts';
import { startedBy } from '../support/processes.ts';
import { PASSPHRASE, storeApiKey, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { isRoot, testOnLinux, testWhere } from '../support/test-where.ts';

/** What a shell says of its limit, as a person has set it. */
const HARD = spawnSync('sh', ['-c', 'ulimit -H -c'], { encoding: 'utf8' }).stdout.trim();

/** Somebody else, who may still read this checkout where it is root's alone. */
const AS_NOBODY = [
  ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
  ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
];

const testWhereDumped = testWhere(leavesCores(), 'needs a system that writes core files');
const testAsRootOnLinux = testWhere(
  process.platform === 'linux' && isRoot(),
  'needs root, to be somebody else',
);

let here: ByPassword;
beforeAll(async () => {
  here = await byPassword();
});
afterAll(() => here?.close());

const inShell = (script: string, env = {}) =>
  openTerminal({
    command: ['sh', '-c', `cd "$HOME"; ${WITH_CORES}; ${script}`],
    env: { ...here.world.env, ...env },
  });
const coreLimits = (pid: number | string) =>
  /^Max core file size +(\S+) +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.slice(1);

testWhereDumped('no core of a client that is ended while it asks', async () => {
  const terminal = inShell('helper secret set; echo ended; sh -c "kill -ABRT \\$\\$"; echo over');
  await terminal.sees(/client_id: /);
  const [helper = 0] = startedBy(terminal.pid);
  process.kill(helper, 'SIGABRT');
  const [first] = await terminal.sees(/Aborted.*\s+ended/);
  expect(first).not.toContain('core dumped');
  // The same end of another program leaves one.
  await terminal.sees(/Aborted \(core dumped\)\s+over/);
  await terminal.close();
});

testOnLinux(
  'nor of the programs that ask in its place: askpass, and bw on the terminal',
  async () => {
    await storeApiKey(here.world, here.server);
    const seen = join(here.world.folder, 'limits');
    const look = `grep -h core /proc/$$/limits /proc/$PPID/limits >'${seen}'`;
    const asks = here.world.program('asks', `#!/bin/sh\n${look}\necho '${PASSPHRASE}'\n`);
    await here.world.helper(['daemon', 'restart']);
    await here.world.run(['sh', '-c', `${WITH_CORES}; exec helper answer client-id`], {
      env: { BW_HELPER_ASKPASS: asks },
    });
    const soft = readFileSync(seen, 'utf8').match(/(?<=size +)\S+/g);
    expect(soft).toEqual(['0', '0']);

    const terminal = here.onTerminal();
    await terminal.sees(/Master password/);
    const [bw = 0] = startedBy(terminal.pid);
    expect(coreLimits(bw)?.[0]).toBe('0');
    terminal.types(`${here.server.account.password}\r`);
    await terminal.sees(/Logged in/);
    await terminal.exit;
    await terminal.close();
  },
);

testOnLinux('the command of exec has the limit that the person had, asked or not', async () => {
  const show = 'exec helper exec -- sh -c "ulimit -S -c; ulimit -H -c"';
  await here.world.helper(['lock']);
  const limits = new RegExp(`${HARD}\\s+${HARD}\\s`);
  const asked = inShell(show);
  await asked.sees(/Master password for .*: /);
  expect(coreLimits(asked.pid)).toEqual(['0', HARD]);
  asked.types(`${here.server.account.password}\r`);
  await asked.sees(limits);
  await asked.exit;
  await asked.close();

  await unlockFromStdin(here);
  const { stdout } = await here.world.run(
    ['sh', '-c', `${WITH_CORES}; ${show.replace('helper exec', 'helper exec --password-stdin')}`],
    { input: 'not needed\n' },
  );
  expect(stdout).toMatch(limits);
});

testAsRootOnLinux('no other program of the same user reads it while it asks', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bwh-'));
  chmodSync(home, 0o777);
  const script = 'echo up; read line; exec "$0" "$1" secret set';
  const client = [process.execPath, resolve('dist/client/main.js')];
  const terminal = openTerminal({
    command: [...AS_NOBODY, 'sh', '-c', script, ...client],
    cwd: home,
    env: { HOME: home, XDG_RUNTIME_DIR: home, PATH: '/usr/bin:/bin' },
  });
  // /proc gives what others may not read to root.
  const owner = () => statSync(`/proc/${terminal.pid}/environ`).uid;
  await terminal.sees(/up/);
  expect(owner()).toBe(65_534);
  terminal.types('\r');
  await terminal.sees(/client_id: /);
  expect(owner()).toBe(0);
  await terminal.close();
  rmSync(home, { recursive: true });
});
