import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn({ settings: 'idle = "2s"\nmax = "10m"' });
});
afterAll(() => here.close());

/** Waits until the vault is locked, which the daemon does by itself, and tries the old key on it. */
async function refused(key: string): Promise<void> {
  const { world } = here;
  const data = () => readFileSync(join(world.dataDir, 'data.json'), 'utf8');
  while (data().includes('_user_auto')) await new Promise((resolve) => setTimeout(resolve, 20));
  const ran = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain('Vault is locked.');
}

test('after the idle limit of the settings the old key no longer opens the vault', async () => {
  const key = await unlockFromStdin(here);
  await refused(key);
  expect(await here.world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
});

test('after the absolute limit too, however much the key is used', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here, ['--idle', '5m', '--max', '4s']);
  // Each call renews the idle limit; the absolute one ends it all the same.
  for (;;) {
    const got = await world.helper(['get-session']);
    if (got.code !== 0) break;
    expect(got.stdout.trim()).toBe(key);
  }
  await refused(key);
  expect(world.log()).toContain('"why":"max"');
});
