import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isOver } from '../support/processes.ts';
import { leaveStaleSocket } from '../support/stale.ts';
import { testOnLinux } from '../support/test-where.ts';
import { createWorld, type World } from '../support/world.ts';

const MANY = 12;

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());

const folder = () => join(world.runtimeDir, 'bw-helper');
const start = (env = {}) => world.helper(['daemon', 'start'], { env });

/** How many daemons have been ready so far. */
function readies(): number {
  return world.log().split('"msg":"ready"').length - 1;
}

describe('there is one daemon', () => {
  test('however many clients start it at once', async () => {
    const starts = await Promise.all(Array.from({ length: MANY }, () => start()));
    expect(starts.map(({ code }) => code)).toEqual(Array(MANY).fill(0));
    const pids = starts.map(({ stderr }) => /: pid (\d+)\.\n$/.exec(stderr)?.[1]);
    expect(new Set(pids)).toEqual(new Set([String(world.daemonPid())]));
    expect(readies()).toBe(1);
  });

  test('after a second `helper daemon start`, which says so', async () => {
    const first = await start();
    const pid = world.daemonPid();
    expect(first).toMatchObject({ code: 0, stderr: `Started: pid ${pid}.\n` });
    expect(await start()).toMatchObject({ code: 0, stderr: `Already running: pid ${pid}.\n` });
    expect(readies()).toBe(1);
  });

  test('beside which `helper daemon run` refuses to run', async () => {
    await start();
    const run = await world.helper(['daemon', 'run']);
    expect(run.code).toBe(38);
    expect(run.stderr).toContain(`A daemon is already running (pid ${world.daemonPid()}).`);
    expect(readies()).toBe(1);
  });

  test('over a socket that nobody listens on', async () => {
    mkdirSync(folder(), { mode: 0o700 });
    await leaveStaleSocket(join(folder(), 'socket'));
    expect(await start()).toMatchObject({ code: 0 });
    expect(await world.helper(['daemon', 'status'])).toMatchObject({ code: 0 });
  });

  test('over a lock file that nobody holds, though it names a living process', async () => {
    mkdirSync(folder(), { mode: 0o700 });
    writeFileSync(join(folder(), 'lock'), `${process.pid}\n`);
    expect(await start()).toMatchObject({ code: 0 });
    expect(world.daemonPid()).not.toBe(process.pid);
  });

  test('in the place of one that was killed, from the next command on', async () => {
    await start();
    const killed = world.runningPid();
    process.kill(killed, 'SIGKILL');
    await isOver(killed);
    expect(lstatSync(join(folder(), 'socket')).isSocket()).toBe(true);

    const status = await world.helper(['status', '--json']);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    const { daemon } = JSON.parse(status.stdout);
    expect(daemon.pid).toBe(world.daemonPid());
    expect(daemon.pid).not.toBe(killed);
  });

  test('for all who come just when it was killed', async () => {
    await start();
    const killed = world.daemonPid();
    expect(killed).toBeGreaterThan(0);
    process.kill(Number(killed), 'SIGKILL');
    const all = await Promise.all(
      Array.from({ length: MANY }, () => world.helper(['status', '--json'])),
    );
    expect(all.map(({ code }) => code)).toEqual(Array(MANY).fill(0));
    const pids = all.map(({ stdout }) => JSON.parse(stdout).daemon.pid);
    expect(new Set(pids)).toEqual(new Set([world.daemonPid()]));
    expect(readies()).toBe(2);
  });
});

describe('what stands in the way of its start is told by the command that needed it', () => {
  /** Exit code, empty stdout, and the line that says what. */
  async function getSession(env = {}): Promise<string> {
    const { code, stdout, stderr } = await world.helper(['get-session'], { env });
    const [says = ''] = stderr.split('\n');
    expect(stdout).toBe('');
    return `${code} ${says}`;
  }

  test('a runtime folder that others may enter', async () => {
    mkdirSync(folder());
    chmodSync(folder(), 0o755);
    expect(await getSession()).toBe(
      `41 helper: The folder ${folder()} is not safe to use: its mode is 0755, it must be 0700.`,
    );
    expect(existsSync(join(folder(), 'socket'))).toBe(false);
  });

  test('a socket path that the system does not take', async () => {
    const long = join(world.folder, 'x'.repeat(100));
    const said = await getSession({ XDG_RUNTIME_DIR: long });
    expect(said).toMatch(
      /^41 .*: the socket's path would have \d+ bytes, and the system allows 103\.$/,
    );
  });

  test('an XDG_RUNTIME_DIR that is no folder', async () => {
    const file = world.program('file', '');
    expect(await getSession({ XDG_RUNTIME_DIR: file })).toMatch(
      /^41 .*\/bw-helper cannot be looked at \(ENOTDIR\)\.$/,
    );
    const { stderr } = await world.helper(['status'], { env: { XDG_RUNTIME_DIR: file } });
    expect(stderr.split('\n')[1]).toContain('set XDG_RUNTIME_DIR right');
  });

  // Whatever the user may write to: nobody makes folders in there, and root is no exception.
  testOnLinux('an XDG_RUNTIME_DIR that cannot be written', async () => {
    expect(await getSession({ XDG_RUNTIME_DIR: '/sys' })).toMatch(
      /^41 .*\/sys\/bw-helper is not safe to use: it cannot be made \((EPERM|EACCES|EROFS)\)\.$/,
    );
  });

  // Node's own way of making folders never returns from there.
  testOnLinux('an XDG_RUNTIME_DIR in which nothing can ever be', async () => {
    expect(await getSession({ XDG_RUNTIME_DIR: '/proc/none' })).toMatch(
      /^41 .*\/proc\/none\/bw-helper is not safe to use: it cannot be made \(ENOENT\)\.$/,
    );
  });

  test('a lock that cannot be opened', async () => {
    mkdirSync(join(folder(), 'lock'), { recursive: true, mode: 0o700 });
    expect(await getSession()).toMatch(/^41 .*\/lock cannot be opened \(EISDIR\)\.$/);
  });

  test('a log that cannot be opened', async () => {
    const file = world.program('file', '');
    expect(await getSession({ XDG_STATE_HOME: file })).toMatch(
      /^36 .*its log .*daemon\.log cannot be opened \((ENOTDIR|EEXIST)\)\.$/,
    );
  });

  test('and none of it keeps a later start from working', async () => {
    mkdirSync(folder());
    chmodSync(folder(), 0o755);
    await getSession();
    chmodSync(folder(), 0o700);
    expect(await start()).toMatchObject({ code: 0 });
  });

  test('but never bad settings: it starts, and each command names them', async () => {
    world.settings('idel = "5m"\n');
    expect(await getSession()).toMatch(/^35 .*config\.toml: line 1: .*`idel`/);
    expect(await world.helper(['daemon', 'status'])).toMatchObject({ code: 0 });
    expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
    world.settings('');
    // No restart is needed.
    expect(await getSession()).toMatch(/^10 /);
  });
});

test('a pipe from the command that started it ends with that command', async () => {
  const piped = await world.run(['sh', '-c', 'helper get-session | cat; echo "cat has ended"']);
  expect(piped.stdout).toBe('cat has ended\n');
  expect(world.daemonPid()).toBeDefined();
});
