/** A daemon that is killed cannot lock: the next one does it, before it answers anybody. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameOf } from '../../daemon/open-marks.ts';
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

const file = () => join(world.dataDir, 'data.json');
const data = () => readFileSync(file(), 'utf8');
const marks = () => join(world.stateDir, 'open');

const markName = () => nameOf({ profile: 'default', dataDir: world.dataDir });

const opens = async (key: string) =>
  (await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } })).code === 0;

async function kill(): Promise<void> {
  const pid = world.daemonPid();
  if (pid === undefined) throw new Error('no daemon runs');
  process.kill(pid, 'SIGKILL');
  while (world.daemonPid() !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('with a session open: the next daemon locks, and the old key opens nothing', async () => {
  const key = await unlockFromStdin(here);
  await kill();
  expect(data()).toContain('_user_auto');
  // As where it was killed while bw was at work.
  const kept = `${file()}.bw-helper-kept`;
  writeFileSync(kept, data());
  expect(await world.helper(['get-session', '--no-input'])).toMatchObject({ code: 11, stdout: '' });
  expect(data()).not.toContain('_user_auto');
  expect(await opens(key)).toBe(false);
  expect(existsSync(kept)).toBe(false);
  const { stdout } = await world.helper(['audit', '--json']);
  expect(stdout).toContain('"why":"killed"');
});

describe('a bw that was killed halfway with its daemon', () => {
  const kept = () => `${file()}.bw-helper-kept`;
  function cutShort(length: number): string {
    const before = data();
    writeFileSync(kept(), before);
    truncateSync(file(), length);
    return before;
  }

  test.each([0, 100])('costs nobody the login (%i bytes left)', async (length) => {
    await world.helper(['daemon', 'start']);
    await world.helper(['lock']);
    await kill();
    const before = cutShort(length);
    expect(await world.helper(['get-session', '--no-input'])).toMatchObject({ code: 11 });
    expect(data()).toBe(before);
    expect(existsSync(kept())).toBe(false);
  });

  test('costs nobody the session of the next one', async () => {
    const key = await unlockFromStdin(here);
    cutShort(100);
    expect(await world.helper(['get-session'])).toMatchObject({ code: 0, stdout: `${key}\n` });
    cutShort(100);
    expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
    expect(data()).not.toContain('_user_auto');
  });

  test.each([[['logout']], [['secret', 'scrub']]])(
    'leaves no copy beside what `helper %s` cleans',
    async (args) => {
      await world.helper(['lock']);
      const before = data();
      writeFileSync(kept(), before);
      await world.helper(args);
      expect(existsSync(kept())).toBe(false);
      writeFileSync(file(), before);
    },
  );
});

test('`helper lock` starts one for that', async () => {
  const key = await unlockFromStdin(here);
  expect(await opens(key)).toBe(true);
  await kill();
  expect((await world.helper(['lock'])).code).toBe(0);
  expect(data()).not.toContain('_user_auto');
  expect(await opens(key)).toBe(false);
});

test('whatever else lies among the marks', async () => {
  await unlockFromStdin(here);
  await kill();
  mkdirSync(join(marks(), 'a-folder'));
  await world.helper(['status']);
  expect(data()).not.toContain('_user_auto');
  rmdirSync(join(marks(), 'a-folder'));
});

test('in a layout that is not known `bw lock` does it, and where that fails the mark stays', async () => {
  const before = data();
  writeFileSync(file(), JSON.stringify({ ...JSON.parse(before), stateVersion: 999 }));
  const key = await unlockFromStdin(here);
  await kill();
  const settings = join(world.home, '.config', 'bw-helper', 'config.toml');
  const good = readFileSync(settings, 'utf8');
  writeFileSync(settings, 'bw_path = "/no/such/bw"\n');
  expect((await world.helper(['lock'])).code).not.toBe(0);
  expect(await opens(key)).toBe(true);
  writeFileSync(settings, good);
  await kill();
  expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
  expect(await opens(key)).toBe(false);
  writeFileSync(file(), before);
});

test('an empty mark, as a power cut may leave one, is kept', async () => {
  await kill();
  writeFileSync(join(marks(), markName()), '');
  await world.helper(['status']);
  expect(readdirSync(marks())).toEqual([markName()]);
  await unlockFromStdin(here);
  await world.helper(['lock']);
  expect(readdirSync(marks())).toEqual([]);
});

test('`helper lock` says no less where nothing was locked and the file cannot be read', async () => {
  // A new one, which does not look again at what the last one has locked.
  await kill();
  await world.helper(['status']);
  const before = data();
  writeFileSync(file(), '{"half');
  expect(await world.helper(['lock'])).toMatchObject({ code: 0, stderr: 'Already locked.\n' });
  writeFileSync(file(), before);
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
