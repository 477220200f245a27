import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, onTestFinished, test } from 'vitest';
import { openSettings } from '../../../daemon/settings.ts';
import { describeSettings } from '../../../daemon/settings-schema.ts';
import { toFailure } from '../../../shared/errors.ts';

const isRoot = process.getuid?.() === 0;
const uid = process.getuid?.() ?? -1;
const home = '/home/ada';

function place(text?: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'config.toml');
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function read(text: string | Buffer) {
  return openSettings({ file: place(text), home, uid }).read();
}

/** The sentence that a person gets for `file`, without its name. */
function problemOf(file: string): string {
  try {
    openSettings({ file, home, uid }).read();
  } catch (thrown) {
    const { row } = toFailure(thrown);
    expect(row.name).toBe('settings-invalid');
    expect(row.says).toContain(`${file}: `);
    return row.says.replace(`${file}: `, '');
  }
  return 'nothing';
}

const problemIn = (text: string | Buffer) => problemOf(place(text));

const defaults = {
  idleMs: 15 * 60_000,
  maxMs: 8 * 3_600_000,
  profile: { name: 'default', keychain: 'file' },
};

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
[profiles.default]
server = "https://vault.example.com/"
ca_file = "~/ca.pem"
data_dir = "/srv/bw/../vault/"
keychain = "file"
`;
  expect(read(text)).toEqual({
    idleMs: 600_000,
    maxMs: 5_400_000,
    bwPath: '/opt/bw/bw',
    profile: {
      name: 'default',
      server: 'https://vault.example.com',
      caFile: '/home/ada/ca.pem',
      dataDir: '/srv/vault',
      keychain: 'file',
    },
  });
});

test('an idle limit above the absolute one is cut to it', () => {
  expect(read('idle = "2h"\nmax = "1h"')).toMatchObject({ idleMs: 3_600_000, maxMs: 3_600_000 });
});

test.each([
  ['idle = "10 minutes"', 'idle'],
  ['idle = 900', 'idle'],
  ['idle = ""', 'idle'],
  ['max = "31d"', 'max'],
  ['max = "500ms"', 'max'],
])('%s is refused with what a duration looks like', (text, key) => {
  expect(problemIn(text)).toBe(
    `line 1: \`${key}\` must be a duration such as 30s, 15m, 8h or 2d, from 1s to 30d.`,
  );
});

test.each([
  'vault.example.com',
  'http://vault.example.com',
  'https:vault.example.com',
  'https://',
  'https://ada:hunter2@vault.example.com',
  'https://vault.example.com/?a=1',
])('%s is refused as a server', (server) => {
  expect(problemIn(`[profiles.default]\nserver = "${server}"`)).toBe(
    'line 2: `server` must be an https:// address such as https://vault.example.com.',
  );
});

test.each(['bw', './bw', '~ada/bw', '$HOME/bw', '', '/opt/a\\nb'])(
  '%j is refused as a path',
  (path) => {
    expect(problemIn(`bw_path = "${path}"`)).toBe(
      'line 1: `bw_path` must be an absolute path, or one that starts with ~/.',
    );
  },
);

test('a keychain that this version does not have is refused', () => {
  expect(problemIn('[profiles.default]\nkeychain = "os"')).toBe(
    'line 2: `keychain` must be the word "file".',
  );
});

test.each([
  ['idel = "1m"', '`idel` is no setting here; did you mean `idle`?'],
  ['bwPath = "/bw"', '`bwPath` is no setting here; did you mean `bw_path`?'],
  [
    'server = "https://a.b"',
    '`server` is no setting here; did you mean `server` under [profiles.default]?',
  ],
  ['[profile.default]', '`profile` is no setting here; did you mean [profiles.default]?'],
  ['colour = "red"', '`colour` is no setting; here stand `idle`, `max`, `bw_path`, `profiles`.'],
])('%s is refused with the nearest setting', (text, problem) => {
  expect(problemIn(`\n\n${text}`)).toBe(`line 3: ${problem}`);
});

test('a setting below a table that it does not belong to is told where it does', () => {
  expect(problemIn('[profiles.default]\n\nidle = "1m"')).toBe(
    'line 3: `idle` is no setting here; did you mean `idle` above the first table?',
  );
  expect(problemIn('[profiles.default]\ndata-dir = "/a"')).toBe(
    'line 2: `data-dir` is no setting here; did you mean `data_dir`?',
  );
});

test('another profile is refused by name', () => {
  expect(problemIn('idle = "1m"\n[profiles.work]\nserver = "https://a.b"')).toBe(
    'line 2: `work` is no profile that can be set; [profiles.default] is the only one.',
  );
});

test('what should be a table and is not is told so', () => {
  expect(problemIn('idle = "1m"\nprofiles = "default"')).toBe(
    'line 2: `profiles` must be a table, as in [profiles.default].',
  );
});

test.each(['client_secret', 'client_id', 'master_password', 'BW_SESSION', 'apiKey'])(
  '%s is refused as a secret, its value unsaid',
  (key) => {
    const problem = problemIn(`idle = "1m"\n${key} = "hunter2"`);
    expect(problem).toBe(
      `line 2: \`${key}\` does not belong in this file; \`helper secret set\` stores secrets.`,
    );
  },
);

test.each([
  [
    'idle = 15m',
    'line 1, column 10: illegal character in numeric literal (text stands in double quotes).',
  ],
  ['\nbw_path = ~/bw', 'line 2, column 11: invalid value (text stands in double quotes).'],
  ['idle = "15m', 'line 1, column 8: unfinished string.'],
  [
    'idle = "1m"\nidle = "2m"',
    'line 2, column 1: trying to redefine an already defined table or value.',
  ],
])('%j, which is no TOML, is told with line and column', (text, problem) => {
  expect(problemIn(text)).toBe(problem);
});

test('no message holds a value or a neighbouring line', () => {
  for (const text of [
    '# hunter2\nidle = hunter2',
    'idle = "hunter2"',
    '[profiles.default]\nserver = "hunter2"\nclient_secret = "hunter2"',
    'password = "hunter2"\nidle = ',
  ])
    expect(problemIn(text)).not.toMatch(/hunter2|nothing/);
});

test('of several problems the first in the file is told', () => {
  expect(problemIn('colour = 1\nmax = "x"\nidle = "x"')).toMatch(/^line 1: `colour`/);
  expect(problemIn('max = "x"\nidle = "x"\ncolour = 1')).toMatch(/^line 1: `max`/);
});

test.each([
  ['a comment and a namesake before it', '# idle = 1\n[profiles.default]\nserver = "x"', 3],
  ['dotted keys', 'idle = "1m"\nprofiles.default.server = "x"', 2],
  ['quoted keys', 'idle = "1m"\n\n"profiles" . \'default\'.server = "x"', 3],
  ['an inline table', 'idle = "1m"\nprofiles = { default = { server = "x" } }', 2],
  ['line ends of Windows', 'idle = "1m"\r\n[profiles.default]\r\nserver = "x"\r\n', 3],
  ['a key of the same name in another table', '[profiles.default]\n"idle" = "1m"\n', 2],
])('the line is right with %s', (_, text, line) => {
  expect(problemIn(text)).toMatch(new RegExp(`^line ${line}: `));
});

test('the file is read again when it has changed, and only then', () => {
  const file = place('idle = "1m"');
  const settings = openSettings({ file, home, uid });
  const first = settings.read();
  expect(first.idleMs).toBe(60_000);
  expect(settings.read()).toBe(first);
  writeFileSync(file, 'idle = "2m"');
  // As if a moment had passed.
  utimesSync(file, 1, 1);
  expect(settings.read().idleMs).toBe(120_000);
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
  expect(openSettings({ file: `${file}.link`, home, uid }).read().idleMs).toBe(60_000);
});

test.skipIf(!isRoot)('a file of another user is refused, one of root is not', () => {
  const file = place('idle = "1m"');
  expect(openSettings({ file, home, uid: 1234 }).read().idleMs).toBe(60_000);
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
    'profiles.default/server',
    'profiles.default/ca_file',
    'profiles.default/data_dir',
    'profiles.default/keychain',
  ]);
  for (const { help, allowed } of rows) {
    expect(help).toMatch(/^[A-Z].*\.$/);
    expect(allowed).toMatch(/^\S.*[^.]$/);
  }
  const text = rows
    .filter((row) => row.default)
    .map((row) => `${row.table && `${row.table}.`}${row.key} = "${row.default}"\n`)
    .join('');
  expect(Object.keys(parse(text))).toEqual(['idle', 'max', 'profiles']);
  expect(read(text)).toEqual(defaults);
});
