import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import type { SignedIn } from '../support/signed-in.ts';
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
  await here.world.helper(['daemon', 'stop']);
  rmSync(join(here.world.home, '.local', 'state', 'bw-helper', 'daemon.log'), { force: true });
});
afterAll(() => here.close());

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

test('20 cold clients at once: one daemon, one prompt, one unlock, 20 equal keys', async () => {
  const { asked, waiting } = await whoIsAsked(coldClients(20));
  asked.types(`${here.server.account.password}\r`);
  await expectEqualKeys([asked, ...waiting.map(({ terminal }) => terminal)], 20);
  for (const { terminal } of waiting) expect(terminal.text).not.toMatch(PROMPT);
  expectOneDaemonAndOneUnlock();
});

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
