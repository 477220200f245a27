import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxy } from '../support/connect-proxy.ts';
import { openTerminal } from '../support/terminal.ts';
import { type Seat, type Seats, signIn, twoProfiles, unlock } from '../support/two-profiles.ts';

let here: Seats;
let keychain: string;
let profiles: string;
let config: string;
beforeAll(async () => {
  here = await twoProfiles();
  const { home } = here.world;
  keychain = join(home, '.local', 'share', 'bw-helper', 'keychain.json');
  profiles = join(home, '.local', 'share', 'bw-helper', 'profiles');
  config = join(home, '.config', 'bw-helper', 'config.toml');
});
afterAll(() => here.close());

const helper = (...args: string[]) => here.world.helper(args);
const entries = () => JSON.parse(readFileSync(keychain, 'utf8')).entries as { account: string }[];
const accounts = () => entries().map(({ account }) => account);

/** `helper profile add` with the second server. */
function add(name: string, ...more: string[]) {
  const { url, caFile } = here.work.server;
  const set = ['--server', url, '--ca-file', caFile, '--keychain', 'file', ...more];
  return helper('profile', 'add', name, ...set);
}

function seat(name: string, dataDir = join(profiles, name)): Seat {
  return { name, server: here.work.server, dataDir };
}

test('add writes a table of its own; comments and everything else stay', async () => {
  const before = readFileSync(config, 'utf8');
  const added = await add('third', '--idle', '5m', '--email', 'fern@example.test');
  expect(added).toMatchObject({ code: 0, stdout: '' });
  expect(added.stderr).toContain('`helper --profile third secret set`');
  const after = readFileSync(config, 'utf8');
  expect(after.startsWith(before)).toBe(true);
  expect(after.slice(before.length)).toContain('[profiles.third]\n');
  const shown = await helper('profile', 'show', 'third', '--json');
  expect(JSON.parse(shown.stdout)).toEqual({
    name: 'third',
    server: here.work.server.url,
    caFile: here.work.server.caFile,
    dataDir: join(profiles, 'third'),
    keychain: 'file',
    email: 'fern@example.test',
    idleMs: 300_000,
    maxMs: 8 * 3_600_000,
    live: false,
  });
  const list = await helper('profile', 'list');
  expect(list.stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
    'default',
    'work',
    'third',
    '',
  ]);
});

test.each([
  [71, 'There is a profile work already.', ['work']],
  [71, 'There is a profile default already.', ['default']],
  [2, 'is no name for a profile', ['../x']],
  [2, 'is no name for a profile', ['']],
  [2, 'is no name for a profile', ['x'.repeat(300)]],
  [2, '`server` must be an https:// address', ['new', '--server', 'http://a.b']],
  [2, '`idle` must be a duration', ['new', '--idle', 'soon']],
  [2, '`email` must be an email address', ['new', '--email', 'nobody']],
  [2, 'There is no such file', ['new', '--ca-file', '/no/such/file']],
  [2, '`proxy` must be an address', ['new', '--proxy', 'http://ada:hunter2@a.b']],
])('add is refused with %i, "%s", and the file is untouched', async (code, says, args) => {
  const before = readFileSync(config, 'utf8');
  const added = await helper('profile', 'add', ...args);
  expect(added).toMatchObject({ code, stdout: '' });
  expect(added.stderr).toContain(says);
  expect(added.stderr).not.toContain('hunter2');
  expect(readFileSync(config, 'utf8')).toBe(before);
});

test('a path behind `=` that starts with ~/ is below the home folder', async () => {
  const { world } = here;
  copyFileSync(here.work.server.caFile, join(world.home, 'ca.pem'));
  const added = await helper('profile', 'add', 'tilde', '--data-dir=~/vault', '--ca-file=~/ca.pem');
  expect(added.code).toBe(0);
  const { stdout } = await helper('profile', 'show', 'tilde', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    dataDir: join(world.home, 'vault'),
    caFile: join(world.home, 'ca.pem'),
  });
  expect(readFileSync(config, 'utf8')).toContain('"~/vault"');
  expect((await helper('profile', 'remove', 'tilde', '--force')).code).toBe(0);
});

test('a second profile on one folder is refused, also by a link that is made later', async () => {
  const { world } = here;
  const link = join(world.folder, 'link');
  mkdirSync(world.dataDir, { recursive: true });
  symlinkSync(world.dataDir, link);
  for (const folder of [world.dataDir, `${world.dataDir}/../Bitwarden CLI/`, link]) {
    const added = await add('same', '--data-dir', folder);
    expect(added).toMatchObject({ code: 69, stdout: '' });
    expect(added.stderr).toContain('The profiles same and default have the same data folder');
  }
  const later = join(world.folder, 'later');
  expect((await add('same', '--data-dir', later)).code).toBe(0);
  await signIn(world, here.home);
  const key = await unlock(world, here.home);
  // The daemon looks at the folders before the link is there.
  expect((await helper('status', '--profile', 'same')).code).toBe(0);
  symlinkSync(world.dataDir, later);
  const other = await helper('get-session', '--profile', 'same');
  expect(other).toMatchObject({ code: 69, stdout: '' });
  expect((await helper('get-session')).stdout.trim()).toBe(key);
  expect((await helper('profile', 'remove', 'same', '--force')).code).toBe(0);
  expect((await helper('get-session')).stdout.trim()).toBe(key);
  expect(accounts()).toEqual(['default']);
});

test('remove asks, and keeps nothing: no key, no secret, no data; the others stay', async () => {
  const { world } = here;
  const third = seat('third');
  await signIn(world, third);
  const key = await unlock(world, third);
  expect(accounts()).toContain('third');
  const unasked = await helper('profile', 'remove', 'third');
  expect(unasked).toMatchObject({ code: 2, stdout: '' });
  expect(unasked.stderr).toContain('--force');

  const command = ['helper', 'profile', 'remove', 'third'];
  const no = openTerminal({ command, env: world.env });
  await no.sees(/Remove the profile third, its API key, .*\?\s+\[y\/N\]/);
  no.types('\r');
  expect((await no.exit).code).toBe(13);
  expect((await helper('get-session', '--profile', 'third')).stdout.trim()).toBe(key);

  // A program that knows a secret is no consent.
  const env = { ...world.env, BW_HELPER_ASKPASS: join(world.folder, 'bin', 'passphrase') };
  const yes = openTerminal({ command, env });
  await yes.sees(/\[y\/N\]/);
  yes.types('y\r');
  expect((await yes.exit).code).toBe(0);
  expect(existsSync(third.dataDir)).toBe(false);
  expect(accounts()).toEqual(['default']);
  expect(readFileSync(config, 'utf8')).not.toContain('third');
  expect(await helper('get-session', '--profile', 'third')).toMatchObject({ code: 68 });
  expect((await helper('get-session')).code).toBe(0);
});

test("remove never deletes a folder that is the person's own, nor what else lies in one of ours", async () => {
  const { world } = here;
  const own = join(world.folder, 'my vault');
  await add('mine', '--data-dir', own);
  await signIn(world, seat('mine', own));
  const removed = await helper('profile', 'remove', 'mine', '--force');
  expect(removed.stderr).toContain(`${own} stays as it is`);
  expect(readFileSync(join(own, 'data.json'), 'utf8')).toContain('fern@example.test');
  expect(accounts()).toEqual(['default']);

  await add('fourth');
  mkdirSync(join(profiles, 'fourth'), { recursive: true });
  writeFileSync(join(profiles, 'fourth', 'notes.txt'), 'mine');
  const kept = await helper('profile', 'remove', 'fourth', '--force');
  expect(kept.stderr).toContain('fourth stays as it is');
  expect(existsSync(join(profiles, 'fourth', 'notes.txt'))).toBe(true);

  // What was made for one and given to another belongs to that.
  await add('fifth');
  const folder = join(profiles, 'fifth');
  mkdirSync(folder);
  writeFileSync(join(folder, 'data.json'), '{}');
  const settings = readFileSync(config, 'utf8');
  writeFileSync(
    config,
    settings.replace(
      '[profiles.fifth]',
      `[profiles.sixth]\ndata_dir = "${folder}"\n[profiles.fifth]`,
    ),
  );
  expect((await helper('profile', 'remove', 'fifth', '--force')).code).toBe(0);
  expect(existsSync(join(folder, 'data.json'))).toBe(true);
  expect((await helper('profile', 'remove', 'sixth', '--force')).code).toBe(0);
  expect(existsSync(join(folder, 'data.json'))).toBe(true);

  const first = await helper('profile', 'remove', 'default', '--force');
  expect(first).toMatchObject({ code: 2, stdout: '' });
  expect(existsSync(join(world.dataDir, 'data.json'))).toBe(true);
});

test('a settings file that is a link stays one', async () => {
  const real = join(here.world.folder, 'dotfile.toml');
  renameSync(config, real);
  symlinkSync(real, config);
  expect((await add('linked')).code).toBe(0);
  expect(lstatSync(config).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toContain('[profiles.linked]');
  expect((await helper('profile', 'remove', 'linked', '--force')).code).toBe(0);
});

test('bw reaches the server of a profile by its proxy, and that of another without', async () => {
  const { world } = here;
  const proxy = await startProxy();
  try {
    await add('far', '--proxy', proxy.url);
    await signIn(world, seat('far'));
    const { host } = new URL(here.work.server.url);
    expect(new Set(proxy.asked)).toEqual(new Set([host]));
    const before = proxy.asked.length;
    const env = { https_proxy: proxy.url, http_proxy: proxy.url };
    await world.helper(['daemon', 'restart'], { env });
    await world.helper(['status', '--profile', 'work'], { env });
    await signIn(world, here.work);
    expect(proxy.asked).toHaveLength(before);
  } finally {
    await proxy.close();
  }
  // Without it there is no way.
  const login = await helper('sync', '--profile', 'far');
  expect(login).toMatchObject({ code: 26, stdout: '' });
});
