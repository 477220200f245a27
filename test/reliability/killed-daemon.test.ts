/** A daemon that is killed cannot lock: the next one does it, before it answers anybody. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import type { World } from '../support/world.ts';

let here: SignedIn;
let world: World;
beforeAll(async () => {
  here = await loggedInByPassword();
  world = here.world;
});
afterAll(() => here.close());

const data = () => readFileSync(join(world.dataDir, 'data.json'), 'utf8');
const marks = () => join(world.home, '.local', 'state', 'bw-helper', 'open');

async function kill(): Promise<void> {
  process.kill(world.daemonPid() ?? 0, 'SIGKILL');
  while (world.daemonPid() !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('with a session open: the next daemon locks, and the old key opens nothing', async () => {
  const key = await unlockFromStdin(here);
  await kill();
  expect(data()).toContain('_user_auto');
  expect(await world.helper(['get-session', '--no-input'])).toMatchObject({ code: 11, stdout: '' });
  expect(data()).not.toContain('_user_auto');
  const list = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect(list).toMatchObject({ code: 1, stdout: '' });
  const { stdout } = await world.helper(['audit', '--json']);
  expect(stdout).toContain('"why":"killed"');
});

test('`helper lock` starts one for that', async () => {
  await unlockFromStdin(here);
  await kill();
  expect((await world.helper(['lock'])).code).toBe(0);
  expect(data()).not.toContain('_user_auto');
});

test("after a session was locked: somebody's own session is left alone", async () => {
  await unlockFromStdin(here);
  await world.helper(['lock']);
  expect(existsSync(marks()) ? readdirSync(marks()) : []).toEqual([]);
  await kill();
  const { password } = here.server.account;
  await world.bw(['unlock', '--passwordenv', 'PW', '--raw'], { env: { PW: password } });
  expect((await world.helper(['status'])).code).toBe(0);
  expect(data()).toContain('_user_auto');
});
