import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterAll(() => here.close());

async function bwUnlock(): Promise<string> {
  const { world, server } = here;
  const ran = await world.bw(['unlock', '--raw', '--nointeraction', '--passwordenv', 'PW'], {
    env: { PW: server.account.password },
  });
  // 2026.9.0 may end with 1 after a good key where no client_secret is at rest.
  expect(ran.stdout).toMatch(/^[A-Za-z0-9+/]{86}==$/m);
  return ran.stdout.trim();
}

async function opens(key: string): Promise<boolean> {
  const ran = await here.world.bw(['list', 'items', '--nointeraction'], {
    env: { BW_SESSION: key },
  });
  return ran.code === 0 && ran.stdout.includes('Fern forum');
}

test("after somebody's own bw unlock the dead key is never handed out, and theirs lives on", async () => {
  const { world } = here;
  const ours = await unlockFromStdin(here);
  const theirs = await bwUnlock();
  const got = await world.helper(['get-session']);
  expect(got).toMatchObject({ code: 11, stdout: '' });
  expect(await opens(theirs)).toBe(true);
  expect(await opens(ours)).toBe(false);
  const lock = await world.helper(['lock']);
  expect(lock.stderr).toContain('`bw lock` ends its session');
  expect(await opens(theirs)).toBe(true);
});

test('our own limit, passing later, leaves the session of another alone', async () => {
  const { world } = here;
  const ours = await unlockFromStdin(here, ['--idle', '2s']);
  const theirs = await bwUnlock();
  // Not used again: the daemon learns of the other unlock only when its own limit passes.
  await until(() => world.log().includes('"why":"idle"'));
  expect(await opens(ours)).toBe(false);
  expect(await opens(theirs)).toBe(true);
});

test('after bw lock the next call asks again instead of giving the dead key', async () => {
  const { world } = here;
  const before = await unlockFromStdin(here);
  expect((await world.bw(['lock'])).code).toBe(0);
  expect(await world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
  const after = await unlockFromStdin(here);
  expect(after).not.toBe(before);
  expect(await opens(after)).toBe(true);
});

test('after bw logout the next call says so, with its own exit code', async () => {
  const { world } = here;
  await unlockFromStdin(here);
  expect((await world.bw(['logout'])).code).toBe(0);
  const got = await world.helper(['get-session']);
  expect(got).toMatchObject({ code: 10, stdout: '' });
  expect(got.stderr).toContain('helper login');
  expect((await world.helper(['login'])).code).toBe(0);
  expect(await opens(await unlockFromStdin(here))).toBe(true);
});

test('helper logout ends the session and logs bw out; the keychain keeps its secret', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here);
  expect((await world.helper(['logout'])).code).toBe(0);
  expect(await opens(key)).toBe(false);
  expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
  expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, open: /);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}
