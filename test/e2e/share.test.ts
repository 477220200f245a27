import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterAll(() => here.close());

const shell = [
  'sh',
  '-c',
  'export BW_SESSION="$(helper get-session)"; echo "[$BW_SESSION]"; bw list items',
];

test('two shells, started independently, get the same key after one prompt, and bw works in both', async () => {
  const { world, server } = here;
  const first = openTerminal({ command: shell, env: world.env });
  await first.sees(/Master password for fern@example\.test \(127\.0\.0\.1:\d+\): /);
  const second = openTerminal({ command: shell, env: world.env });
  await second.sees(/waiting for the password in pts\/\d+/);
  first.types(`${server.account.password}\r`);
  const [one, two] = await Promise.all(
    [first, second].map(async (terminal) => {
      const [, key] = await terminal.sees(/\[([A-Za-z0-9+/]{86}==)\]/);
      await terminal.sees(/Fern forum/);
      expect((await terminal.exit).code).toBe(0);
      return key;
    }),
  );
  expect(one).toBe(two);
  expect(second.text).not.toContain('Master password');
  // Nothing that was typed is on either screen.
  expect(first.text + second.text).not.toContain(server.account.password);
});

test('afterwards a script without a terminal gets it too, as the only thing on stdout', async () => {
  const got = await here.world.helper(['get-session']);
  expect(got).toMatchObject({ code: 0, stderr: '' });
  expect(got.stdout).toMatch(/^[A-Za-z0-9+/]{86}==\n$/);
});

test('status tells what is open, and renews nothing', async () => {
  const { world, server } = here;
  const status = await world.helper(['status', '--json']);
  expect(JSON.parse(status.stdout)).toMatchObject({
    state: 'unlocked',
    account: server.account.email,
    server: server.url,
    login: 'api-key',
    clientSecretAtRest: false,
    keychain: { kind: 'file', stored: true, locked: false },
    problems: [],
  });
  const left = async () =>
    JSON.parse((await world.helper(['status', '--json'])).stdout).session.idleLeftMs as number;
  const before = await left();
  expect(await left()).toBeLessThan(before);
});

test('an unlocked session is only shortened by another unlock, without asking', async () => {
  const { world } = here;
  const unlock = await world.helper(['unlock', '--idle', '30d', '--max', '2h', '--no-input']);
  expect(unlock.code).toBe(0);
  const { session } = JSON.parse((await world.helper(['status', '--json'])).stdout);
  expect(session.idleLeftMs).toBeLessThanOrEqual(15 * 60_000);
  expect(session.maxLeftMs).toBeLessThanOrEqual(2 * 3_600_000);
});
