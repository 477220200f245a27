/** The settings file by command, and what of it counts at once. */
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import type { SignedIn } from '../support/signed-in.ts';

let here: SignedIn;
let file: string;
let good: string;
beforeAll(async () => {
  here = await loggedInByPassword();
  file = join(here.world.home, '.config', 'bw-helper', 'config.toml');
  good = readFileSync(file, 'utf8');
});
beforeEach(() => here.world.settings(good));
afterAll(() => here.close());

const config = (...args: string[]) => here.world.helper(['config', ...args]);
const text = () => readFileSync(file, 'utf8');

test('get, set, unset, list and path do what they say, and comments stay', async () => {
  const before = `# mine\n${good.trimStart()}# the end\n`;
  here.world.settings(before);
  expect(await config('path')).toMatchObject({ code: 0, stdout: `${file}\n`, stderr: '' });
  expect(await config('get', 'idle')).toMatchObject({ code: 0, stdout: '15m\n', stderr: '' });
  expect(await config('set', 'idle', '20m')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: `Set idle in ${file}.\n`,
  });
  expect(await config('get', 'idle')).toMatchObject({ stdout: '20m\n' });
  expect(text()).toBe(`idle = "20m"\n\n${before}`);
  const list = await config('list');
  expect(list.stdout).toMatch(/^idle = "20m"$/m);
  expect(list.stdout).toMatch(/^max = "8h" {2}# by default$/m);
  expect(list.stdout).toMatch(/^# bw_path is not set$/m);
  expect(list.stdout).toMatch(/^profiles\.default\.keychain = "file"$/m);
  const { settings } = JSON.parse((await config('list', '--json')).stdout);
  expect(settings).toContainEqual({ key: 'idle', value: '20m', from: 'file' });
  expect((await config('unset', 'idle')).code).toBe(0);
  expect(text()).toBe(before);
  expect(await config('get', 'bw_path')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'bw_path is not set.\n',
  });
});

test('--profile says whose setting it is', async () => {
  here.world.settings(`${good}[profiles.work]\n`);
  expect((await config('set', 'keychain', 'os', '--profile', 'work')).code).toBe(0);
  expect(text()).toBe(`${good}[profiles.work]\nkeychain = "os"\n`);
  expect((await config('get', 'keychain')).stdout).toBe('file\n');
});

test('a value that is refused is not written', async () => {
  const refused = await config('set', 'idle', 'soon');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('`idle` must be a duration such as 30s');
  expect(text()).toBe(good);
});

test('a new limit counts from the next unlock on, without a restart', async () => {
  const { world, server } = here;
  const unlock = () =>
    world.helper(['unlock', '--password-stdin'], { input: `${server.account.password}\n` });
  await config('set', 'max', '2h');
  await world.helper(['lock']);
  const pid = world.daemonPid();
  expect((await unlock()).stderr).toContain('Unlocked for 2h');
  await config('set', 'profiles.default.max', '1h');
  // The one that is open keeps its own.
  expect((await world.helper(['status'])).stdout).toMatch(/ends in (2h|1h 59m)/);
  await world.helper(['lock']);
  expect((await unlock()).stderr).toContain('Unlocked for 1h');
  expect(world.daemonPid()).toBe(pid);
  await world.helper(['lock']);
});

test('a file that is wrong is told with its line, and put right by the command', async () => {
  here.world.settings(`${good}\nidel = "1m"\n`);
  const lines = text().split('\n');
  const check = await config('check');
  expect(check.code).toBe(35);
  expect(check.stderr).toContain(
    `${file}: line ${lines.indexOf('idel = "1m"') + 1}: \`idel\` is no setting here; did you mean \`idle\`?`,
  );
  expect((await config('set', 'max', '1h')).code).toBe(35);
  expect((await config('unset', 'profiles.default.idel')).code).toBe(0);
  expect(await config('check')).toMatchObject({ code: 0, stderr: `${file} is right.\n` });
  expect((await config('set', 'max', '1h')).code).toBe(0);
});

test('a file in a folder of dotfiles stays a link', async () => {
  const dotfiles = join(here.world.home, 'dotfiles');
  mkdirSync(dotfiles, { mode: 0o700 });
  const real = join(dotfiles, 'bw-helper.toml');
  renameSync(file, real);
  symlinkSync(real, file);
  expect((await config('set', 'max', '1h')).code).toBe(0);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toContain('max = "1h"');
  renameSync(real, file);
});

test('what cannot be changed in place is named, and left as it is', async () => {
  const inline = 'profiles = { default = { keychain = "file" } }\n';
  writeFileSync(file, inline, { mode: 0o600 });
  const refused = await config('set', 'server', 'us');
  expect(refused.code).toBe(72);
  expect(refused.stderr).toContain('`profiles.default` is set in one line');
  expect(text()).toBe(inline);
});
