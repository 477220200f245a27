/** An account whose key an organization or another device keeps: no password unlocks it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ByPassword, byPassword } from '../support/by-password.ts';
import { storeApiKey } from '../support/signed-in.ts';

let here: ByPassword;
beforeAll(async () => {
  here = await byPassword();
  here.server.takeMasterPassword();
  await storeApiKey(here.world, here.server);
  expect((await here.world.helper(['login'])).code).toBe(0);
});
afterAll(() => here?.close());

test('unlock says so before it asks for one', async () => {
  const { world, server } = here;
  const input = `${server.account.password}\n`;
  const ran = await world.helper(['get-session', '--password-stdin'], { input });
  expect(ran).toMatchObject({ code: 67, stdout: '' });
  expect(ran.stderr).toContain('fern@example.test has no master password');
  expect(ran.stderr).toContain('`helper login --sso`');
});

test('so does a login by password', async () => {
  const { world, fromStdin } = here;
  expect((await world.helper(['logout'])).code).toBe(0);
  const ran = await fromStdin();
  expect(ran).toMatchObject({ code: 67, stdout: '' });
  expect(ran.stderr).toContain('has no master password');
});
