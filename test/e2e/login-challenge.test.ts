/** The challenge that old versions of bw raise at a login by password, answered from the keychain. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answers, type ByPassword, byPassword } from '../support/by-password.ts';
import { storeApiKey } from '../support/signed-in.ts';
import type { Terminal } from '../support/terminal.ts';
import type { Ran } from '../support/world.ts';

const FLAGGED = /Your authentication request has been flagged/;

let here: ByPassword;

/** Nobody is logged in, and nothing of a login that failed is left. */
async function nothingDone(): Promise<void> {
  const { world } = here;
  const { state } = JSON.parse((await world.helper(['status', '--json'])).stdout);
  expect(state).toBe('logged-out');
  const runtime = readdirSync(join(world.runtimeDir, 'bw-helper'));
  expect(runtime.filter((name) => name.startsWith('staged-'))).toEqual([]);
}

async function loggedIn(ran: Ran): Promise<void> {
  expect(ran).toMatchObject({ code: 0, stdout: '' });
  expect(ran.stderr).toContain('Logged in to');
  expect((await here.world.helper(['logout'])).code).toBe(0);
}

/** Types the password; gives how it ended. */
async function typed(terminal: Terminal, password: string): Promise<number | null> {
  await answers(terminal, /Master password: /, password);
  return (await terminal.exit).code;
}

describe.each(['2025.4.0', '2023.12.1'] as const)('bw %s, with a stored API key', (bw) => {
  beforeAll(async () => {
    here = await byPassword({ bw });
    here.server.demand({ challenge: true });
    await storeApiKey(here.world, here.server);
    return () => here.close();
  });

  test('nobody types the client_secret, on a terminal', async () => {
    const { server, world, onTerminal } = here;
    const terminal = onTerminal();
    expect(await typed(terminal, server.account.password)).toBe(0);
    expect(terminal.text).not.toMatch(/client_secret|flagged/);
    expect((await world.helper(['logout'])).code).toBe(0);
  });

  test('nor with the password from stdin', async () => {
    await loggedIn(await here.fromStdin());
  });

  test('nor where the own shell has an empty BW_CLIENTSECRET', async () => {
    const { server, world, onTerminal } = here;
    const terminal = onTerminal([], { BW_CLIENTSECRET: '' });
    expect(await typed(terminal, server.account.password)).toBe(0);
    expect((await world.helper(['logout'])).code).toBe(0);
  });

  test('a wrong password is told as such, although bw names the secret', async () => {
    const { server, fromStdin, onTerminal } = here;
    const ran = await fromStdin([], 'a wrong password');
    expect(ran).toMatchObject({ code: 12, stdout: '' });
    expect(ran.stderr).toContain('Wrong master password.');
    const terminal = onTerminal();
    expect(await typed(terminal, 'a wrong password')).toBe(12);
    expect(terminal.text).toMatch(FLAGGED);
    expect(terminal.text).toContain('Wrong master password.');
    // It was asked as the same device that bw is.
    const devices = server.requests.filter(({ grant }) => grant).map(({ device }) => device);
    expect(devices.at(-1)).toBe(devices.at(-2));
    await nothingDone();
  });

  test('so is a client_secret that was rotated', async () => {
    const { server, world, fromStdin, onTerminal } = here;
    server.rotateSecret();
    const ran = await fromStdin();
    expect(ran).toMatchObject({ code: 16, stdout: '' });
    expect(ran.stderr).toContain('wrong, or rotated since');
    const terminal = onTerminal();
    expect(await typed(terminal, server.account.password)).toBe(16);
    await nothingDone();
    await storeApiKey(world, server);
    await loggedIn(await fromStdin());
  });

  test('and one that was wrong from the start', async () => {
    const { server, world, fromStdin } = here;
    const clientSecret = `Wrong${randomBytes(8).toString('hex')}`;
    await storeApiKey(world, { ...server, account: { ...server.account, clientSecret } });
    const ran = await fromStdin();
    expect(ran).toMatchObject({ code: 16, stdout: '' });
    await nothingDone();
  });
});

describe('bw 2025.4.0, with nothing stored', () => {
  beforeAll(async () => {
    here = await byPassword({ bw: '2025.4.0' });
    here.server.demand({ challenge: true });
    return () => here.close();
  });

  test('bw’s own prompt reaches the person, and takes the right answer', async () => {
    const { server, world, onTerminal } = here;
    // Were the empty one handed on, bw would not ask.
    const terminal = onTerminal([], { BW_CLIENTSECRET: '' });
    await answers(terminal, /Master password: /, server.account.password);
    await answers(terminal, /API key client_secret: /, server.account.clientSecret);
    await terminal.sees(/Logged in to/);
    expect((await terminal.exit).code).toBe(0);
    expect((await world.helper(['logout'])).code).toBe(0);
  });

  test.each([
    ['a wrong one', 'not the client_secret'],
    ['an empty one', ''],
  ])('where %s is typed, it says that it or the password was wrong', async (_, secret) => {
    const { server, onTerminal } = here;
    const terminal = onTerminal();
    await answers(terminal, /Master password: /, server.account.password);
    await answers(terminal, /API key client_secret: /, secret);
    await terminal.sees(/what was typed for it was wrong, or the master password was/);
    expect((await terminal.exit).code).toBe(63);
    await nothingDone();
  });

  test('where nobody can be asked, it is the client_secret that is missing', async () => {
    const ran = await here.fromStdin();
    expect(ran).toMatchObject({ code: 15, stdout: '' });
    expect(ran.stderr).toContain('`helper secret set`');
    await nothingDone();
  });
});

describe('bw 2026.9.0, which has no challenge', () => {
  beforeAll(async () => {
    here = await byPassword();
    await storeApiKey(here.world, here.server);
    return () => here.close();
  });
  beforeEach(() => here.server.demand({ challenge: true }));

  test('names the server that still raises it, and both ways out', async () => {
    const { server, fromStdin, onTerminal } = here;
    const ran = await fromStdin();
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toMatch(/`helper login`.*bw 2025\.4\.0 or older.*`bw_path`/);
    expect(await typed(onTerminal(), server.account.password)).toBe(64);
    await nothingDone();
  });

  test('the first way out works', async () => {
    await loggedIn(await here.world.helper(['login']));
  });

  test('a wrong password is bw’s own word here', async () => {
    const { server, fromStdin, onTerminal } = here;
    server.demand({});
    expect(await fromStdin([], 'a wrong password')).toMatchObject({ code: 12 });
    expect(await typed(onTerminal(), 'a wrong password')).toBe(12);
    // The API key was not needed for that.
    expect(server.requests.at(-1)?.grant).toBe('password');
    await nothingDone();
  });
});
