import { expect, test } from 'vitest';
import { problemIn } from './samples.ts';

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
    'line 2: `server` must be an https:// address such as https://vault.example.com, or the word "us" or "eu" for a cloud of Bitwarden.',
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
  expect(problemIn('[profiles.default]\nkeychain = "cloud"')).toBe(
    'line 2: `keychain` must be the word "os" or "file".',
  );
});

test.each([
  ['api_key_at_rest = "file"', '`api_key_at_rest` must be the word "keychain" or "bw".'],
  ['answer = "no"', '`answer` must be true or false.'],
])('%s is refused with what it may be', (text, problem) => {
  expect(problemIn(`[profiles.default]\n${text}`)).toBe(`line 2: ${problem}`);
});

test.each([
  ['idel = "1m"', '`idel` is no setting here; did you mean `idle`?'],
  [
    'passphrase_fiel = "/p"',
    '`passphrase_fiel` is no setting here; did you mean `passphrase_file`?',
  ],
  ['bwPath = "/bw"', '`bwPath` is no setting here; did you mean `bw_path`?'],
  [
    'server = "https://a.b"',
    '`server` is no setting here; did you mean `server` under [profiles.default]?',
  ],
  ['[profile.default]', '`profile` is no setting here; did you mean [profiles.default]?'],
  [
    'colour = "red"',
    '`colour` is no setting; here stand `idle`, `max`, `bw_path`, `passphrase_file`, `profiles`.',
  ],
])('%s is refused with the nearest setting', (text, problem) => {
  expect(problemIn(`\n\n${text}`)).toBe(`line 3: ${problem}`);
});

test('a setting below a table that it does not belong to is told where it does', () => {
  expect(problemIn('[profiles.default]\n\nbw_path = "/bw"')).toBe(
    'line 3: `bw_path` is no setting here; did you mean `bw_path` above the first table?',
  );
  expect(problemIn('[profiles.default]\ndata-dir = "/a"')).toBe(
    'line 2: `data-dir` is no setting here; did you mean `data_dir`?',
  );
});

test.each([
  '',
  '../x',
  'Work',
  'con',
  'nul',
  'com1',
  '-x',
  '_x',
  'a b',
  'a.b',
  'x'.repeat(33),
  'caf\u00e9',
  'a\\u0007',
])('%j is refused as the name of a profile', (name) => {
  const problem = problemIn(`idle = "1m"\n[profiles."${name}"]\nserver = "https://a.b"`);
  expect(problem).toMatch(
    /^line \d: `.{0,40}` is no name for a profile: it must be 1 to 32 characters of a-z, 0-9, _ and -,/,
  );
});

test('what is wrong in another profile is told with its line, and the keys are the same', () => {
  const before = '[profiles.default]\nserver = "eu"\n[profiles.work]\n';
  expect(problemIn(`${before}server = "x"`)).toMatch(/^line 4: `server` must be an https/);
  expect(problemIn(`${before}servr = "x"`)).toBe(
    'line 4: `servr` is no setting here; did you mean `server`?',
  );
  expect(problemIn(`${before}password = "x"`)).toMatch(/^line 4: `password` does not belong/);
});

test.each(['proxy.example.com:3128', 'socks5://a.b', 'http://ada:hunter2@a.b'])(
  '%s is refused as a proxy',
  (proxy) => {
    const problem = problemIn(`[profiles.work]\nproxy = "${proxy}"`);
    expect(problem).toBe(
      'line 2: `proxy` must be an address such as http://proxy.example.com:3128, without a user name or password.',
    );
  },
);

test('what should be a table and is not is told so', () => {
  expect(problemIn('idle = "1m"\nprofiles = "default"')).toBe(
    'line 2: `profiles` must be a table, as in [profiles.default].',
  );
});

test.each(['client_secret', 'client_id', 'master_password', 'passphrase', 'BW_SESSION', 'apiKey'])(
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
  [
    'a string over several lines',
    'bw_path = """/\\\n[x]\\\nserver = 1"""\n[profiles.default]\nserver = "x"',
    5,
  ],
  ['a list of tables', 'idle = "1m"\n[[server]]\n', 2],
  ['line ends of Windows', 'idle = "1m"\r\n[profiles.default]\r\nserver = "x"\r\n', 3],
  ['a key of the same name in another table', '[profiles.default]\n"bw_path" = "/bw"\n', 2],
])('the line is right with %s', (_, text, line) => {
  expect(problemIn(text)).toMatch(new RegExp(`^line ${line}: `));
});
