/** A vault that a daemon could not lock, as it was killed or nothing could be written: nobody forgets it. */
import { chmodSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { isOver } from '../support/processes.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { testAsUser } from '../support/test-where.ts';
import type { Ran, World } from '../support/world.ts';

const STILL_OPEN = 'but the vault could not be locked: ';

let here: SignedIn;
let world: World;
let key: string;
beforeAll(async () => {
  here = await loggedInByPassword();
  world = here.world;
});
beforeEach(async () => {
  key = await unlockFromStdin(here);
});
afterAll(() => here.close());

const helper = (...args: string[]): Promise<Ran> => world.helper(args);
const marked = () => readdirSync(join(world.stateDir, 'open')).length > 0;
const slotStands = () =>
  readFileSync(join(world.dataDir, 'data.json'), 'utf8').includes('_user_auto');
const writable = (may: boolean) => chmodSync(world.dataDir, may ? 0o700 : 0o500);
const opens = async () =>
  (await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } })).code === 0;

async function kill(): Promise<void> {
  const pid = world.runningPid();
  process.kill(pid, 'SIGKILL');
  await isOver(pid);
}

testAsUser(
  'left by a killed daemon: each command tells, no failed attempt forgets it, and `helper lock` locks it',
  async () => {
    writable(false);
    await kill();
    const started = await helper('daemon', 'start');
    expect(started).toMatchObject({ code: 0, stderr: expect.stringContaining(STILL_OPEN) });
    expect(await helper('get-session', '--no-input')).toMatchObject({ code: 11, stdout: '' });
    expect((await helper('status')).stdout).toContain(STILL_OPEN);
    expect((await helper('daemon', 'status')).stderr).toContain(STILL_OPEN);
    for (const args of [['lock'], ['lock', '--all'], ['daemon', 'stop'], ['lock']]) {
      const ran = await helper(...args);
      expect([args, ran.code]).toEqual([args, 43]);
      expect(ran.stderr).toContain(STILL_OPEN);
    }
    expect({ marked: marked(), slot: slotStands() }).toEqual({ marked: true, slot: true });
    writable(true);
    expect(await helper('lock')).toMatchObject({ code: 0, stderr: 'Locked.\n' });
    expect({ marked: marked(), slot: slotStands() }).toEqual({ marked: false, slot: false });
    expect(await opens()).toBe(false);
    expect((await helper('status')).stdout).not.toContain('problem');
  },
);

testAsUser(
  '`helper daemon stop` says that it could not lock, and the next daemon does',
  async () => {
    writable(false);
    const stopped = await helper('daemon', 'stop');
    expect(stopped).toMatchObject({ code: 43, stderr: expect.stringMatching(/^Stopped\.\n/) });
    expect(stopped.stderr).toContain(STILL_OPEN);
    expect(world.daemonPid()).toBeUndefined();
    writable(true);
    expect(await helper('daemon', 'start')).toMatchObject({ code: 0 });
    expect({ marked: marked(), slot: slotStands() }).toEqual({ marked: false, slot: false });
    expect(await opens()).toBe(false);
  },
);

testAsUser('it is locked by itself as soon as that is possible', async () => {
  writable(false);
  await kill();
  await helper('daemon', 'start');
  writable(true);
  while (slotStands()) await new Promise((look) => setTimeout(look, 100));
  expect(await opens()).toBe(false);
  while (marked()) await new Promise((look) => setTimeout(look, 100));
});

testAsUser('an unlock takes its place, and is not ended by the next try', async () => {
  writable(false);
  await kill();
  await helper('daemon', 'start');
  writable(true);
  const next = await unlockFromStdin(here);
  expect(await helper('get-session')).toMatchObject({ code: 0, stdout: `${next}\n` });
  expect((await helper('status')).stdout).not.toContain('problem');
  expect(await opens()).toBe(false);
});

testAsUser('a folder that is away for a moment is not taken for a locked vault', async () => {
  await kill();
  renameSync(world.dataDir, `${world.dataDir}.away`);
  const away = await helper('lock');
  expect(away).toMatchObject({ code: 43, stderr: expect.stringContaining('is missing or empty') });
  renameSync(`${world.dataDir}.away`, world.dataDir);
  expect(await helper('lock')).toMatchObject({ code: 0, stderr: 'Locked.\n' });
  expect(await opens()).toBe(false);
});

testAsUser('so is one under another data folder that the profile has got meanwhile', async () => {
  writable(false);
  await kill();
  await helper('daemon', 'start');
  const elsewhere = join(world.home, 'elsewhere');
  expect(await helper('config', 'set', 'data_dir', elsewhere)).toMatchObject({ code: 0 });
  expect(await helper('lock')).toMatchObject({ code: 0 });
  expect(await helper('lock', '--all')).toMatchObject({ code: 43 });
  expect(await helper('config', 'unset', 'data_dir')).toMatchObject({ code: 0 });
  expect(await helper('lock')).toMatchObject({ code: 43 });
  writable(true);
  expect(await helper('lock')).toMatchObject({ code: 0 });
  expect(await opens()).toBe(false);
});
