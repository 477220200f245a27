/** A bw that is newer than we know lays out its file in another way: bw itself does what it can. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';

let here: SignedIn;
let file: string;
beforeAll(async () => {
  here = await signedIn();
  file = join(here.world.dataDir, 'data.json');
  const data = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...data, stateVersion: 999 }));
});
afterAll(() => here.close());

const opens = async (key: string) =>
  (await here.world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } })).code;

test('helper status says what is not known', async () => {
  const { code, stdout } = await here.world.helper(['status']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^state {5}locked$/m);
  expect(stdout).toMatch(/^problem {3}.*data\.json has a layout that is not known here/m);
});

test('a session is shared all the same: bw tells whether its key is live', async () => {
  const key = await unlockFromStdin(here);
  expect(await opens(key)).toBe(0);
  const again = await here.world.helper(['get-session', '--no-input']);
  expect(again).toMatchObject({ code: 0, stdout: `${key}\n` });
});

test('and it ends with `bw lock`', async () => {
  const { stdout } = await here.world.helper(['get-session', '--no-input']);
  expect((await here.world.helper(['lock'])).code).toBe(0);
  expect(await opens(stdout.trim())).not.toBe(0);
  expect(await here.world.helper(['get-session', '--no-input'])).toMatchObject({ code: 11 });
});

test('and so it does with settings that cannot be read', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here);
  const settings = join(world.home, '.config', 'bw-helper', 'config.toml');
  const good = readFileSync(settings, 'utf8');
  writeFileSync(settings, 'idel = "10m"\n');
  expect((await world.helper(['lock'])).code).toBe(0);
  expect(await opens(key)).not.toBe(0);
  writeFileSync(settings, good);
  expect(await world.helper(['get-session', '--no-input'])).toMatchObject({ code: 11 });
});

test('nobody is logged in over it, as the file would have to be written', async () => {
  const before = readFileSync(file, 'utf8');
  const { code, stderr } = await here.world.helper(['login']);
  expect(code).toBe(28);
  expect(stderr).toContain(`${file} has a layout that is not known here`);
  expect(readFileSync(file, 'utf8')).toBe(before);
});
