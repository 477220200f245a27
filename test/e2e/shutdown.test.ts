import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { isOver } from '../support/processes.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

const PROMPT = /Master password for fern@example\.test \(127\.0\.0\.1:\d+\): /;

let here: SignedIn;
const open: Terminal[] = [];
beforeAll(async () => {
  here = await loggedInByPassword();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((terminal) => terminal.close()));
  await here.world.helper(['daemon', 'stop']);
});
afterAll(() => here.close());

function inTerminal(...command: string[]): Terminal {
  const terminal = openTerminal({ command, env: here.world.env, stdout: 'pipe' });
  open.push(terminal);
  return terminal;
}

/** A daemon in a terminal of its own, where its end can be seen; and its pid. */
async function daemonInTerminal(): Promise<{ daemon: Terminal; pid: number }> {
  const daemon = inTerminal('helper', 'daemon', 'run');
  const [, pid] = await daemon.sees(/the daemon is ready \(pid (\d+)\)/);
  // The terminal's program has become the daemon: signals and exit code are its own.
  expect(Number(pid)).toBe(daemon.pid);
  return { daemon, pid: daemon.pid };
}

function slotOnDisk(): boolean {
  return readFileSync(join(here.world.dataDir, 'data.json'), 'utf8').includes('_user_auto');
}

async function expectNothingLeft(key: string, pid: number): Promise<void> {
  const { world } = here;
  await isOver(pid);
  expect(existsSync(join(world.runtimeDir, 'bw-helper', 'socket'))).toBe(false);
  expect(slotOnDisk()).toBe(false);
  const list = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect(list.code).not.toBe(0);
  expect(list.stdout).toBe('');
}

describe('with a session open, the vault is locked, the socket gone and the exit code 0', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('after %s', async (signal) => {
    const { daemon, pid } = await daemonInTerminal();
    const key = await unlockFromStdin(here);
    expect(slotOnDisk()).toBe(true);
    process.kill(pid, signal);
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    await expectNothingLeft(key, pid);
  });

  test('after `helper daemon stop`, already when that returns', async () => {
    const { daemon, pid } = await daemonInTerminal();
    const key = await unlockFromStdin(here);
    const stop = await here.world.helper(['daemon', 'stop']);
    expect(stop).toMatchObject({ code: 0, stdout: '', stderr: 'Stopped.\n' });
    expect(slotOnDisk()).toBe(false);
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    await expectNothingLeft(key, pid);
  });

  test('after Ctrl-C in the terminal of `helper daemon run`', async () => {
    const { daemon, pid } = await daemonInTerminal();
    const key = await unlockFromStdin(here);
    daemon.types('\x03');
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    await expectNothingLeft(key, pid);
  });

  test('after that terminal was closed', async () => {
    const { daemon, pid } = await daemonInTerminal();
    const key = await unlockFromStdin(here);
    await daemon.close();
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    await expectNothingLeft(key, pid);
  });
});

test('stop while somebody sits at the prompt ends that client and who waits for it with daemon-gone', async () => {
  const asked = inTerminal('helper', 'get-session');
  await asked.sees(PROMPT);
  asked.types('half of it');
  const waiting = inTerminal('helper', 'get-session');
  await waiting.sees(/waiting for the password/);
  const pid = here.world.runningPid();

  expect(await here.world.helper(['daemon', 'stop'])).toMatchObject({ code: 0 });
  for (const client of [asked, waiting]) {
    await client.sees(/helper: The daemon went away before it answered\./);
    expect(await client.exit).toEqual({ code: 40, signal: null });
    expect(client.stdout).toBe('');
  }
  await isOver(pid);
});

test('stop does not wait for a server that keeps bw waiting', async () => {
  const { world, server } = here;
  const held = server.hold(({ path }) => path.endsWith('/sync'));
  const sync = world.helper(['sync']);
  await held.reached;
  expect(await world.helper(['daemon', 'stop'])).toMatchObject({ code: 0 });
  const { code, stderr } = await sync;
  expect(code).toBe(24);
  expect(stderr).toContain('`bw sync` failed: it was stopped before it had finished.');
  held.release();
});

test('stop ends where the dead daemon stays in the list of processes', async () => {
  const { world } = here;
  // sleep takes the shell's place and never asks after its child.
  const parent = inTerminal('sh', '-c', 'helper daemon run & exec sleep 3600');
  await parent.sees(/the daemon is ready/);
  const pid = world.runningPid();
  expect(await world.helper(['daemon', 'stop'])).toMatchObject({ code: 0, stderr: 'Stopped.\n' });
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
});

describe('helper daemon', () => {
  test('status tells where it is, and has an exit code for none', async () => {
    const { world } = here;
    expect(await world.helper(['daemon', 'status'])).toMatchObject({
      code: 37,
      stdout: '',
      stderr: expect.stringContaining('The daemon is not running.'),
    });
    await world.helper(['daemon', 'start']);
    const idle = await world.helper(['daemon', 'status']);
    expect(idle).toMatchObject({ code: 0, stderr: '' });
    expect(idle.stdout).toMatch(
      new RegExp(`^running: pid ${world.daemonPid()}, .*no session$`, 'm'),
    );
    expect(idle.stdout).toContain(join(world.runtimeDir, 'bw-helper', 'socket'));
    await unlockFromStdin(here);
    const busy = await world.helper(['daemon', 'status']);
    expect(busy.stdout).toContain('a session is open');
  });

  test('stop says so where none runs', async () => {
    const stop = await here.world.helper(['daemon', 'stop']);
    expect(stop).toMatchObject({ code: 0, stderr: 'It was not running.\n' });
  });

  test('restart locks, and another one runs afterwards', async () => {
    const { world } = here;
    await unlockFromStdin(here);
    const before = world.runningPid();
    const restart = await world.helper(['daemon', 'restart']);
    const after = world.daemonPid();
    expect(restart).toMatchObject({ code: 0, stderr: `Started: pid ${after}.\n` });
    expect(after).not.toBe(before);
    await isOver(before);
    expect(slotOnDisk()).toBe(false);
    expect(await world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
  });

  test('logs shows the newest lines last, as many as asked for', async () => {
    const { world } = here;
    await world.helper(['daemon', 'restart']);
    const logs = await world.helper(['daemon', 'logs']);
    expect(logs).toMatchObject({ code: 0, stderr: '' });
    const lines = logs.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    const last = JSON.parse(lines.at(-1) ?? '');
    expect(last).toMatchObject({ msg: 'ready', pid: world.daemonPid() });
    const one = await world.helper(['daemon', 'logs', '-n', '1']);
    expect(one.stdout).toBe(`${lines.at(-1)}\n`);
  });
});
