import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { boundMs, figure } from '../support/figures.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import type { SignedIn } from '../support/signed-in.ts';
import { leaveStaleSocket, NOBODYS_PID } from '../support/stale.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

const PROMPT = /Master password for fern@example\.test \(127\.0\.0\.1:\d+\): /;
const KEY = /^[A-Za-z0-9+/]{86}==\n$/;

let here: SignedIn;
const open: Terminal[] = [];
beforeAll(async () => {
  here = await loggedInByPassword();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((terminal) => terminal.close()));
  await endDaemon();
});
afterAll(() => here.close());

const runtime = () => join(here.world.runtimeDir, 'bw-helper');

/** Its log ends with it, so that each herd has one of its own. */
async function endDaemon(): Promise<void> {
  await here.world.helper(['daemon', 'stop']);
  rmSync(join(here.world.stateDir, 'daemon.log'), { force: true });
}

/** `helper get-session` in a terminal of its own. */
interface Client {
  readonly terminal: Terminal;
  /** Resolves when it is asked for the password; never where another answers. */
  readonly asked: Promise<Client>;
}

/** All at once, and no daemon runs yet. */
function coldClients(count: number): Client[] {
  expect(here.world.daemonPid()).toBeUndefined();
  const { env } = here.world;
  return Array.from({ length: count }, () => {
    const terminal = openTerminal({ command: ['helper', 'get-session'], env, stdout: 'pipe' });
    open.push(terminal);
    const asked = terminal.sees(PROMPT).then(() => client);
    asked.catch(() => {});
    const client: Client = { terminal, asked };
    return client;
  });
}

/** The one of them that is asked; the others have been told that they wait for that one. */
async function whoIsAsked(among: readonly Client[]) {
  const asked = await Promise.any(among.map((client) => client.asked));
  const waiting = among.filter((client) => client !== asked);
  const place = asked.terminal.path.replace('/dev/', '');
  const told = new RegExp(`waiting for the password in ${place} …`);
  await Promise.all(waiting.map(({ terminal }) => terminal.sees(told)));
  return { asked: asked.terminal, waiting };
}

/** What they may find in the place of a daemon. */
const finds: Readonly<Record<string, () => Promise<void> | void>> = {
  nothing: () => rmSync(runtime(), { recursive: true, force: true }),
  'a socket that nobody listens on': () => leaveStaleSocket(join(runtime(), 'socket')),
  'a lock file that nobody holds': () => writeFileSync(join(runtime(), 'lock'), `${NOBODYS_PID}\n`),
};
const herd = figure(50, 200);
const rounds = figure(3, 20);

test(
  `${rounds} rounds of ${herd} cold clients at once, by turns over a stale socket and a stale lock: one daemon, one prompt, one unlock, equal keys`,
  async () => {
    const { world, server } = here;
    const asked = join(world.folder, 'asked');
    const askpass = world.program(
      'askpass',
      `#!/bin/sh\necho asked >> '${asked}'\necho '${server.account.password}'\n`,
    );
    const env = { BW_HELPER_ASKPASS: askpass };
    for (let round = 0; round < rounds; round += 1) {
      const [found = '', make] = Object.entries(finds)[round % 3] ?? [];
      await endDaemon();
      rmSync(asked, { force: true });
      await make?.();
      expect(world.daemonPid()).toBeUndefined();
      const clients = await Promise.all(
        Array.from({ length: herd }, () => world.helper(['get-session'], { env })),
      );
      const said = clients.map(({ code, stdout, stderr }) => stdout || `${code}: ${stderr}`);
      expect([...new Set(said)], found).toEqual([expect.stringMatching(KEY)]);
      expect(readFileSync(asked, 'utf8')).toBe('asked\n');
      expectOneDaemonAndOneUnlock();
    }
  },
  boundMs(240_000),
);

test('20 cold clients: one is killed at the prompt, the next presses Ctrl-C, the third answers for all', async () => {
  const first = await whoIsAsked(coldClients(20));
  first.asked.kill('SIGKILL');
  const second = await whoIsAsked(first.waiting);
  second.asked.types('half a pass\x03');
  const third = await whoIsAsked(second.waiting);
  third.asked.types(`${here.server.account.password}\r`);

  await expectEqualKeys([third.asked, ...third.waiting.map(({ terminal }) => terminal)], 18);
  expect(await first.asked.exit).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await second.asked.exit).toEqual({ code: null, signal: 'SIGINT' });
  expect([first.asked.stdout, second.asked.stdout]).toEqual(['', '']);
  expectOneDaemonAndOneUnlock();
});

async function expectEqualKeys(served: readonly Terminal[], count: number): Promise<void> {
  const exits = await Promise.all(served.map(({ exit }) => exit));
  expect(exits).toEqual(Array(count).fill({ code: 0, signal: null }));
  const [first = ''] = served.map(({ stdout }) => stdout);
  expect(first).toMatch(KEY);
  expect(served.map(({ stdout }) => stdout)).toEqual(Array(count).fill(first));
}

function expectOneDaemonAndOneUnlock(): void {
  const count = (words: string) => here.world.log().split(words).length - 1;
  expect(count('"msg":"ready"')).toBe(1);
  expect(count('"command":"unlock"')).toBe(1);
  expect(count('"msg":"session opened"')).toBe(1);
}
