/** A daemon that was stopped by SIGSTOP is not dead: nobody takes its place, and it goes on where it was. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';

/** `daemon-silent` */
const SILENT = 39;
/** Clients of each kind: in the backlog, and before it when it is full. */
const CLIENTS = 3;
/** What a client waits for a word, ms. */
const SILENCE_MS = 30_000;
/** What the start and the end of some clients take on a loaded machine, ms. */
const AROUND_MS = 15_000;
/** Bounds a hang only. */
const TEST_MS = 150_000;

let here: SignedIn;
const sockets: Socket[] = [];
let stopped: number | undefined;
beforeAll(async () => {
  here = await loggedInByPassword();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  if (stopped !== undefined) process.kill(stopped, 'SIGCONT');
  await here.close();
});

test(
  'clients err within 30 s of silence, also where the backlog is full; no second daemon; then all is well',
  async (context: TestContext) => {
    if (process.platform !== 'linux') return context.skip('needs Linux');
    const { world } = here;
    const socket = join(world.runtimeDir, 'bw-helper', 'socket');
    const readies = () => world.log().split('"msg":"ready"').length - 1;
    const getSession = (...more: string[]) =>
      world.helper(['get-session', '--no-input', ...more]).then((ran) => ({ ...ran, at: now() }));
    const now = () => performance.now();

    // Waits for somebody else's unlock, and is told now and then that the daemon lives.
    const waiting = getSession('--wait', '5m');
    while (onSocket(socket) < 2) await soon();
    const pid = world.runningPid();
    stopped = pid;
    process.kill(pid, 'SIGSTOP');
    const since = now();
    const before = onSocket(socket);
    const inBacklog = Array.from({ length: CLIENTS }, () => getSession());
    while (onSocket(socket) < before + CLIENTS) await soon();
    const { taken, refusedBy } = await fillBacklog(socket);
    const outside = [
      ...Array.from({ length: CLIENTS }, () => getSession()),
      world.helper(['daemon', 'start']).then((ran) => ({ ...ran, at: now() })),
    ];
    const ended = await Promise.all([waiting, ...inBacklog, ...outside]);

    expect(refusedBy).toBe('EAGAIN');
    expect(taken + CLIENTS).toBeGreaterThan(500);
    for (const { code, stdout, stderr } of ended) {
      expect({ code, stdout }).toEqual({ code: SILENT, stdout: '' });
      expect(stderr).toContain('The daemon has not said a word for 30 s.');
      expect(stderr).toContain(`its process (pid ${pid})`);
    }
    const lastMs = Math.max(...ended.map(({ at }) => at)) - since;
    expect(lastMs).toBeLessThan(SILENCE_MS + AROUND_MS);
    expect(readies()).toBe(1);
    expect(world.daemonPid()).toBe(pid);

    // One comes just as it goes on, and still has the whole backlog before it.
    const patient = unlockFromStdin(here);
    process.kill(pid, 'SIGCONT');
    stopped = undefined;
    const key = await patient;
    expect(await getSession()).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: '' });
    expect(world.daemonPid()).toBe(pid);
    expect(readies()).toBe(1);
    const count = (words: string) => world.log().split(words).length - 1;
    expect(count('"command":"unlock"')).toBe(1);
    expect(count('"msg":"session ended"')).toBe(0);
  },
  TEST_MS,
);

/** The ends of connections on the daemon's side, and the socket that it listens on. */
function onSocket(path: string): number {
  return readFileSync('/proc/net/unix', 'utf8').split(` ${path}\n`).length - 1;
}

/** Connects until the system takes no more. */
async function fillBacklog(path: string): Promise<{ taken: number; refusedBy: string }> {
  for (let taken = 0; ; taken += 1) {
    const socket = connect(path);
    sockets.push(socket);
    const refusedBy = await new Promise<string | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    if (refusedBy !== undefined) return { taken, refusedBy };
    // When it goes on it ends those that say nothing.
    socket.on('error', () => {});
  }
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
