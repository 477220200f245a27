import {
  chmodSync,
  chownSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { describeSettings } from '../../../../daemon/settings/schema.ts';
import { openSettings, profileIn } from '../../../../daemon/settings/settings.ts';
import { testAsRoot } from '../../../support/test-where.ts';
import { home, place, problemIn, problemOf, read, uid } from './samples.ts';

const usual = {
  idleMs: 15 * 60_000,
  maxMs: 8 * 3_600_000,
  keychain: 'os',
  apiKeyAtRest: 'keychain',
  answer: true,
};
const defaults = { profiles: new Map([['default', usual]]) };

/** What is set for the profile `default` with this text. */
const first = (text: string) => read(text).profiles.get('default');

test.each(['', '# nothing yet\n', '[profiles]\n', '[profiles.default]\n', '\ufeff'])(
  'a file with %j gives the defaults',
  (text) => {
    expect(read(text)).toEqual(defaults);
  },
);

test('without a file, or its folder, the defaults hold', () => {
  const file = place();
  expect(openSettings({ file, home, uid }).read()).toEqual(defaults);
  expect(openSettings({ file: join(file, '..', 'no', 'c'), home, uid }).read()).toEqual(defaults);
});

test('everything that can be set arrives', () => {
  const text = `idle = "10m"
max = "1h30m"
bw_path = "/opt/bw/bw"
passphrase_file = "~/passphrase"
[profiles.default]
server = "https://vault.example.com/"
ca_file = "~/ca.pem"
proxy = "http://proxy.example.com:3128"
data_dir = "/srv/bw/../vault/"
keychain = "file"
email = "ada@example.com"
api_key_at_rest = "bw"
answer = false
[profiles.work]
idle = "2m"
max = "9h"
`;
  expect(read(text)).toEqual({
    bwPath: '/opt/bw/bw',
    passphraseFile: '/home/ada/passphrase',
    profiles: new Map<string, object>([
      [
        'default',
        {
          idleMs: 600_000,
          maxMs: 5_400_000,
          server: 'https://vault.example.com',
          caFile: '/home/ada/ca.pem',
          proxy: 'http://proxy.example.com:3128',
          dataDir: '/srv/vault',
          keychain: 'file',
          apiKeyAtRest: 'bw',
          answer: false,
          email: 'ada@example.com',
        },
      ],
      [
        'work',
        {
          idleMs: 120_000,
          maxMs: 32_400_000,
          keychain: 'os',
          apiKeyAtRest: 'keychain',
          answer: true,
        },
      ],
    ]),
  });
});

test.each([
  ['us', 'https://vault.bitwarden.com'],
  ['eu', 'https://vault.bitwarden.eu'],
])('the word %s stands for a server of Bitwarden', (word, server) => {
  expect(first(`[profiles.default]\nserver = "${word}"`)).toMatchObject({ server });
});

test.each(['a', 'work-2', '0_o', 'constructor', 'x'.repeat(32)])('%s is a profile', (name) => {
  const { profiles } = read(`[profiles.${name}]\nserver = "eu"\n`);
  expect([...profiles.keys()]).toEqual(['default', name]);
  expect(profiles.get(name)).toMatchObject({ server: 'https://vault.bitwarden.eu' });
});

test('a profile that there is not is told with those there are', () => {
  expect(() => profileIn(read('[profiles.work]\n[profiles.home]'), 'wrok')).toThrow(
    'There is no profile wrok; there are: default, work, home.',
  );
});

test('an idle limit above the absolute one is cut to it', () => {
  expect(first('idle = "2h"\nmax = "1h"')).toMatchObject({ idleMs: 3_600_000, maxMs: 3_600_000 });
});

test('the file is read again when it has changed, and only then', () => {
  const file = place('idle = "1m"');
  const settings = openSettings({ file, home, uid });
  const idleMs = () => settings.read().profiles.get('default')?.idleMs;
  const before = settings.read();
  expect(idleMs()).toBe(60_000);
  expect(settings.read()).toBe(before);
  writeFileSync(file, 'idle = "2m"');
  // As if a moment had passed.
  utimesSync(file, 1, 1);
  expect(idleMs()).toBe(120_000);
  writeFileSync(file, 'idle = "nonsense"');
  expect(() => settings.read()).toThrow('line 1');
  expect(() => settings.read()).toThrow('line 1');
  rmSync(file);
  expect(settings.read()).toEqual(defaults);
});

test.each([0o620, 0o602, 0o666, 0o664])(
  'a file with mode %o is refused: others can write',
  (mode) => {
    const file = place('idle = "1m"');
    chmodSync(file, mode);
    expect(problemOf(file)).toBe(
      `its mode is 0${mode.toString(8)}, so others can write to it; \`chmod go-w\` ends that.`,
    );
  },
);

test('a file that others can only read is fine, also by a link', () => {
  const file = place('idle = "1m"');
  chmodSync(file, 0o644);
  symlinkSync(file, `${file}.link`);
  const { profiles } = openSettings({ file: `${file}.link`, home, uid }).read();
  expect(profiles.get('default')?.idleMs).toBe(60_000);
});

test.each([0o770, 0o707, 0o777])('a file in a folder with mode %o is refused', (mode) => {
  const file = place('idle = "1m"');
  const folder = join(file, '..');
  chmodSync(folder, mode);
  expect(problemOf(file)).toBe(
    `others can write to its folder ${folder}; \`chmod go-w\` ends that.`,
  );
  // As /tmp is: only an owner can replace what lies there.
  chmodSync(folder, mode | 0o1000);
  expect(problemOf(file)).toBe('nothing');
});

test('at the other end of a link the folder counts as well', () => {
  const file = place('idle = "1m"');
  const link = place();
  symlinkSync(file, link);
  chmodSync(join(file, '..'), 0o777);
  expect(problemOf(link)).toContain(`others can write to its folder ${join(file, '..')}`);
});

testAsRoot('a file in a folder of another user is refused', () => {
  const file = place('idle = "1m"');
  chownSync(join(file, '..'), 4321, 4321);
  expect(problemOf(file)).toBe(`its folder ${join(file, '..')} belongs to user 4321.`);
});

testAsRoot('a file of another user is refused, one of root is not', () => {
  const file = place('idle = "1m"');
  expect(openSettings({ file, home, uid: 1234 }).read()).not.toEqual(defaults);
  chownSync(file, 4321, 4321);
  expect(() => openSettings({ file, home, uid: 1234 }).read()).toThrow('it belongs to user 4321.');
});

test('what is no readable text file is refused', () => {
  const folder = place();
  mkdirSync(folder);
  expect(problemOf(folder)).toBe('it is not a file.');
  expect(problemOf(join(place(''), 'config.toml'))).toBe(
    'it cannot be read: a folder on the way is a file.',
  );
  expect(problemIn(Buffer.from([0x23, 0xff]))).toBe('it is not UTF-8 text.');
  expect(problemIn(`#${'x'.repeat(64 * 1024)}`)).toBe('it is larger than 64 KiB.');
});

test('the table for the docs holds every setting, and its defaults are what is used', () => {
  const rows = describeSettings();
  expect(rows.map(({ table, key }) => `${table}/${key}`)).toEqual([
    '/idle',
    '/max',
    '/bw_path',
    '/passphrase_file',
    'profiles.default/server',
    'profiles.default/ca_file',
    'profiles.default/proxy',
    'profiles.default/data_dir',
    'profiles.default/keychain',
    'profiles.default/api_key_at_rest',
    'profiles.default/answer',
    'profiles.default/email',
    'profiles.default/idle',
    'profiles.default/max',
  ]);
  for (const { help, allowed } of rows) {
    expect(help).toMatch(/^[A-Z].*\.$/);
    expect(allowed).toMatch(/^\S.*[^.]$/);
  }
  const text = rows
    .filter((row) => row.default !== undefined)
    .map((row) => `${row.table && `${row.table}.`}${row.key} = ${JSON.stringify(row.default)}\n`)
    .join('');
  expect(Object.keys(parse(text))).toEqual(['idle', 'max', 'profiles']);
  expect(read(text)).toEqual(defaults);
});
