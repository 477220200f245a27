/** Each bw, with both ways to stretch a password: log in on a terminal, share the session, let it end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { answers, type ByPassword, byPassword } from '../support/by-password.ts';
import { ARGON2ID, PBKDF2 } from '../support/server/crypto.ts';
import { signedIn, unlockFromStdin } from '../support/signed-in.ts';
import type { World } from '../support/world.ts';

const SESSION_KEY = /[A-Za-z0-9+/]{86}==/;

let here: Pick<ByPassword, 'close'> | undefined;
afterEach(() => here?.close());

/** The key opens the vault for bw itself, and no longer does once the session has ended. */
async function sharesAndEnds(world: World, key: string): Promise<void> {
  const list = () => world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect((await list()).stdout).toContain('Fern forum');
  // It may have been idle for longer than that already.
  await world.helper(['unlock', '--idle', '1s', '--no-input']);
  const data = () => readFileSync(join(world.dataDir, 'data.json'), 'utf8');
  while (data().includes('_user_auto')) await new Promise((resolve) => setTimeout(resolve, 20));
  const { code, stderr } = await list();
  expect(code).toBe(1);
  expect(stderr).toContain('Vault is locked.');
  expect((await world.helper(['get-session'])).code).toBe(11);
}

test.each([
  [undefined, PBKDF2],
  [undefined, ARGON2ID],
  ['2025.4.0', PBKDF2],
  ['2025.4.0', ARGON2ID],
  ['2023.12.1', PBKDF2],
  ['2023.12.1', ARGON2ID],
] as const)('bw %s logs in on a terminal, and its session is everybody’s (%o)', async (bw, kdf) => {
  const { server, world, onTerminal, close } = await byPassword({ bw, kdf });
  here = { close };
  const terminal = onTerminal();
  await answers(terminal, /Master password: /, server.account.password);
  const [, vault] = await terminal.sees(
    /Logged in to https:\/\/127\.0\.0\.1:\d+ as fern@example\.test\. (.*)\r/,
  );
  expect((await terminal.exit).code).toBe(0);
  expect(terminal.text).not.toMatch(SESSION_KEY);
  // 2025.4.0 at times prints a key that opens nothing: then the vault is locked.
  const opened = vault?.startsWith('Unlocked for');
  if (!opened) expect([bw, vault]).toEqual(['2025.4.0', 'The vault is locked.']);
  const got = opened
    ? (await world.helper(['get-session'])).stdout.trim()
    : await unlockFromStdin({ world, server });
  expect(got).toMatch(SESSION_KEY);
  await sharesAndEnds(world, got);
});

test.each(['2025.4.0', '2023.12.1'] as const)(
  'bw %s does the same after a login by API key',
  async (bw) => {
    const signed = await signedIn({ bw });
    here = signed;
    await sharesAndEnds(signed.world, await unlockFromStdin(signed));
  },
);

test.each([undefined, '2025.4.0', '2023.12.1'] as const)(
  'bw %s takes the password from stdin, and the vault is open',
  async (bw) => {
    here = await byPassword({ bw });
    const { fromStdin, server, world } = here as ByPassword;
    const ran = await fromStdin();
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toMatch(/^Logged in to .* as fern@example\.test\. Unlocked for 8h/);
    const { state, login } = JSON.parse((await world.helper(['status', '--json'])).stdout);
    expect([state, login]).toEqual(['unlocked', 'password']);
    expect(await fromStdin()).toMatchObject({ code: 34 });
    // With a refresh token bw needs nobody to sync.
    server.touch();
    expect(await world.bw(['sync', '--nointeraction'])).toMatchObject({ code: 0 });
  },
);
