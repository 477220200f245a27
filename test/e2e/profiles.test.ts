import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Seat, type Seats, signIn, twoProfiles, unlock } from '../support/two-profiles.ts';

let here: Seats;
let keys: Record<string, string>;
beforeAll(async () => {
  here = await twoProfiles();
  const { world, home, work } = here;
  await signIn(world, home);
  await signIn(world, work);
  keys = { default: await unlock(world, home), work: await unlock(world, work) };
});
afterAll(() => here.close());

/** The items that the person's own bw lists with this key in the profile's folder. */
async function listed({ dataDir, server }: Seat, key: string | undefined): Promise<string> {
  const ran = await here.world.bw(['list', 'items', '--nointeraction'], {
    env: {
      BW_SESSION: key ?? '',
      BITWARDENCLI_APPDATA_DIR: dataDir,
      NODE_EXTRA_CA_CERTS: server.caFile,
    },
  });
  return ran.code === 0 ? ran.stdout : ran.stderr;
}

test('each profile has its server, its account, its folder and its key', async () => {
  const { world, home, work } = here;
  expect(keys.default).not.toBe(keys.work);
  for (const seat of [home, work]) {
    const { stdout } = await world.helper(['--profile', seat.name, 'status', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      profile: seat.name,
      state: 'unlocked',
      server: seat.server.url,
      dataDir: seat.dataDir,
      problems: [],
    });
    expect(await listed(seat, keys[seat.name])).toContain('Fern forum');
  }
  expect(await listed(work, keys.default)).toContain('Vault is locked.');
});

test('200 calls mixed over both, by every way to choose one, never give the key of the other', async () => {
  const { world } = here;
  const ways: [string, string[], Record<string, string>][] = [
    ['default', ['get-session'], {}],
    ['work', ['get-session'], { BW_HELPER_PROFILE: 'work' }],
    ['default', ['get-session'], { BW_HELPER_PROFILE: '' }],
    ['work', ['get-session', '--profile', 'work'], {}],
    ['default', ['--profile=default', 'get-session'], { BW_HELPER_PROFILE: 'work' }],
    ['work', ['--profile', 'work', 'get-session'], {}],
    ['default', ['get-session', '--profile=default'], { BW_HELPER_PROFILE: 'work' }],
    ['work', ['get-session', '--no-input', '--profile', 'work'], { BW_HELPER_PROFILE: 'default' }],
  ];
  const calls = Array.from({ length: 200 }, (_, i) => ways[i % ways.length] ?? ways[0]);
  // Eight at a time.
  const results: [string, string][] = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let call = calls.pop(); call; call = calls.pop()) {
        const [name, args, env] = call;
        const got = await world.helper(args, { env });
        results.push([name, got.stdout.trim()]);
      }
    }),
  );
  expect(results).toHaveLength(200);
  expect(results.filter(([name, key]) => key !== keys[name])).toEqual([]);
});

test('lock of one leaves the other open; lock --all ends both', async () => {
  const { world, home, work } = here;
  await world.helper(['lock', '--profile', 'work']);
  expect(await listed(work, keys.work)).toContain('Vault is locked.');
  expect((await world.helper(['get-session'])).stdout.trim()).toBe(keys.default);
  expect(await listed(home, keys.default)).toContain('Fern forum');
  keys.work = await unlock(world, work);
  const all = await world.helper(['lock', '--all']);
  expect(all.stderr.split('\n').toSorted().join('\n').trim()).toBe(
    'default: Locked.\nwork: Locked.',
  );
  for (const seat of [home, work])
    expect(await listed(seat, keys[seat.name])).toContain('Vault is locked.');
});

test('one expires while the other lives', async () => {
  const { world, home, work } = here;
  const [long, short] = [await unlock(world, home), await unlock(world, work, ['--idle', '1s'])];
  const data = () => readFileSync(join(work.dataDir, 'data.json'), 'utf8');
  // Every use of the one is none of the other.
  while (data().includes('_user_auto')) await world.helper(['get-session']);
  expect(await listed(work, short)).toContain('Vault is locked.');
  expect(await world.helper(['get-session', '--profile', 'work'])).toMatchObject({ code: 11 });
  expect((await world.helper(['get-session'])).stdout.trim()).toBe(long);
  expect(world.log()).toMatch(/"profile":"work","why":"idle"/);
});

test('status --all tells of each, and a bad one does not hide the other', async () => {
  const { world, home } = here;
  const { stdout } = await world.helper(['status', '--all', '--json']);
  expect(JSON.parse(stdout)).toMatchObject([
    { profile: 'default', state: 'unlocked', account: home.server.account.email },
    { profile: 'work', state: 'locked' },
  ]);
  world.settings(here.settings(`data_dir = "${home.dataDir}"\n`));
  const bad = await world.helper(['status', '--all', '--json']);
  expect(JSON.parse(bad.stdout)).toMatchObject([
    { profile: 'default', state: 'unlocked', problems: [] },
    { profile: 'work', problems: [expect.stringContaining('the same data folder')] },
  ]);
  world.settings(here.settings());
});

test('a terminal whose bw uses the folder of another profile is told which one', async () => {
  const { world } = here;
  const env = { BITWARDENCLI_APPDATA_DIR: here.work.dataDir };
  const got = await world.helper(['get-session'], { env });
  expect(got).toMatchObject({ code: 32, stdout: '' });
  expect(got.stderr).toContain('choose the profile of that folder with `--profile work`');
  const right = await world.helper(['status', '--profile', 'work'], { env });
  expect(right.code).toBe(0);
});

test('an unknown profile is told with those there are, and nothing is made for it', async () => {
  const { world, work } = here;
  for (const command of ['get-session', 'lock', 'status', 'sync']) {
    const got = await world.helper([command, '--profile', 'wrok']);
    expect(got).toMatchObject({ code: 68, stdout: '' });
    expect(got.stderr).toContain('There is no profile wrok; there are: default, work.');
  }
  expect(existsSync(join(work.dataDir, '..', 'wrok'))).toBe(false);
  // Of several the last one counts, also between the two words of a command.
  const args = ['--profile', 'work', 'secret', '--profile', 'wrok', 'status'];
  expect(await world.helper(args)).toMatchObject({ code: 68, stdout: '' });
});

test.each(['../x', '', 'a/b', 'Work', 'a\u001b[31m\u0007', 'x'.repeat(300), '-x', '__proto__'])(
  '%j is no profile: refused in one line, nothing on stdout',
  async (name) => {
    const { world } = here;
    const got = await world.helper([`--profile=${name}`, 'get-session']);
    expect(got).toMatchObject({ code: 2, stdout: '' });
    expect(got.stderr).toMatch(/^helper: ".{0,41}" is no name for a profile: it must be 1 to 32 /);
    expect(got.stderr.split('\n')).toHaveLength(3);
    expect(got.stderr).not.toContain('\u001b');
    if (name) {
      const env = { BW_HELPER_PROFILE: name };
      expect(await world.helper(['get-session'], { env })).toMatchObject({ code: 2, stdout: '' });
    }
  },
);

test('daemon stop locks all, also with settings that cannot be read', async () => {
  const { world, home, work } = here;
  keys = { default: await unlock(world, home), work: await unlock(world, work) };
  world.settings('nonsense');
  expect((await world.helper(['daemon', 'stop'])).code).toBe(0);
  for (const seat of [home, work])
    expect(await listed(seat, keys[seat.name])).toContain('Vault is locked.');
});

test('a profile that was taken out of the settings by hand is locked by lock --all', async () => {
  const { world, work } = here;
  world.settings(here.settings());
  const key = await unlock(world, work);
  world.settings('idle = "1m"\n');
  const all = await world.helper(['lock', '--all']);
  expect(all).toMatchObject({ code: 0, stderr: 'work: Locked.\n' });
  expect(await listed(work, key)).toContain('Vault is locked.');
});
