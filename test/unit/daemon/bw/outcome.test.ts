import { describe, expect, test } from 'vitest';
import { explain, sessionKey } from '../../../../daemon/bw/outcome.ts';
import type { BwResult } from '../../../../daemon/bw/run.ts';
import { Secret } from '../../../../shared/secret.ts';

const ended = (stderr: string, more: Partial<BwResult> = {}): BwResult => ({
  exitCode: 1,
  signal: null,
  stdout: new Secret(''),
  stderr,
  stopped: undefined,
  durationMs: 500,
  ...more,
});

function meaning(command: string, result: BwResult, secrets: Secret[] = []) {
  const context = { dataDir: '/data', server: 'http://vault.example', secrets };
  const { row } = explain(command, result, context);
  return [row.name, row.says] as const;
}

/** What 2026.9.0 writes before its sentence when the server cannot be reached. */
const noConfig = (reason: string) =>
  [
    `Unable to fetch ServerConfig from https://vault.example/api FetchError: request to https://vault.example/api/config failed, reason: ${reason}`,
    '    at ClientRequest.<anonymous> (/usr/lib/node_modules/node-fetch/lib/index.js:1501:11)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:90:21) {',
    "  type: 'system',",
    "  code: 'ECONNREFUSED'",
    '}',
    '',
  ].join('\n');

describe("bw's words mean", () => {
  // Each text as it was seen.
  test.each([
    ['sync', 'You are not logged in.', 'not-logged-in'],
    ['unlock --check', 'Vault is locked.', 'vault-locked'],
    ['login --apikey', 'You are already logged in as ann@example.com.', 'already-logged-in'],
    [
      'login --apikey',
      'client_id or client_secret is incorrect. Try again.',
      'wrong-client-secret',
    ],
    ['login --apikey', 'ClientId or clientSecret is incorrect. Try again', 'wrong-client-secret'],
    ['unlock', '{"response":{"error":"invalid_client"},"statusCode":400}', 'wrong-client-secret'],
    ['unlock', 'Invalid master password.', 'wrong-password'],
    ['unlock', 'Cryptography error, The decryption operation failed', 'wrong-password'],
    ['sync', 'Syncing failed: Error: Refresh Access token error', 'no-client-secret'],
    ['login', 'Error: Insecure URL not allowed. All URLs must use HTTPS.', 'server-insecure'],
    ['login', '{"response":null,"statusCode":502}', 'server-unreachable'],
    ['login', 'Username or password is incorrect. Try again.', 'wrong-password'],
    ['login', 'Code is required.', 'login-needs-person'],
    [
      'login',
      'Your authentication request has been flagged and will require user interaction to proceed.',
      'challenge-failed',
    ],
    [
      'login',
      '{"response":{"error":"invalid_grant","error_description":"Captcha required.","HCaptcha_SiteKey":"x"},"statusCode":400}',
      'challenge-unsupported',
    ],
    ['login', 'Two-step token is invalid. Try again.', 'bw-failed'],
    ['sync', "Error: Cannot find module '/usr/lib/bw.js'\n    at Module._load", 'bw-not-found'],
    ['sync', 'Cryptography error, The decryption operation failed', 'bw-failed'],
    ['unlock', 'ENOSPC: no space left on device, write', 'data-file-unwritable'],
    // From within its WebAssembly, at an account's first unlock.
    [
      'unlock',
      'uncaught exception: JsValue(Error: ENOSPC: no space left on device, write\n    at x\nRuntimeError: unreachable',
      'data-file-unwritable',
    ],
    [
      'sync',
      'Syncing failed: Error: ENOSPC: no space left on device, writenode:internal/process/promises:394',
      'data-file-unwritable',
    ],
    [
      'logout',
      "[Error: EROFS: read-only file system, mkdir '/d/data.json.lock'] {\n  errno: -30,",
      'data-file-unwritable',
    ],
    [
      'unlock',
      "Error: EACCES: permission denied, mkdir '/d/data.json.lock'",
      'data-file-unwritable',
    ],
    ['unlock', "Error: EACCES: permission denied, open '/etc/ssl/ca.pem'", 'bw-failed'],
  ])('%s: %s', (command, stderr, name) => {
    expect(meaning(command, ended(stderr))[0]).toBe(name);
  });

  test('a disk that is full is named: that of data.json, or where a staged copy lies', () => {
    const full = ended('ENOSPC: no space left on device, write');
    const said = (writesTo?: string) =>
      explain('sync', full, { dataDir: '/d', secrets: [], ...(writesTo && { writesTo }) }).message;
    expect(said()).toBe('/d/data.json cannot be written: no space is left.');
    expect(said('/run/x')).toBe('/run/x cannot be written: no space is left.');
  });

  test('a wrong API key, where the server makes bw say "master password" at its login', () => {
    const stderr =
      'Invalid master password. Confirm your email is correct and your account was created on vault.example.';
    expect(meaning('login --apikey', ended(stderr))[0]).toBe('wrong-client-secret');
    expect(meaning('unlock', ended(stderr))[0]).toBe('wrong-password');
    expect(meaning('login', ended(stderr))[0]).toBe('wrong-password');
  });

  test('whose account is logged in', () => {
    const [, says] = meaning('login', ended('You are already logged in as ann@example.com.'));
    expect(says).toContain('ann@example.com.');
  });

  test.each([
    'connect ECONNREFUSED 127.0.0.1:443',
    'getaddrinfo ENOTFOUND vault.example',
    'self-signed certificate',
  ])('why the server cannot be reached: %s', (reason) => {
    const stderr = `${noConfig(reason)}FetchError: request to https://vault.example/identity/connect/token failed, reason: ${reason}; and some advice`;
    expect(meaning('login', ended(stderr))).toEqual([
      'server-unreachable',
      `The server cannot be reached: ${reason}.`,
    ]);
  });

  test('the same in the report of a crash, at the first unlock of an account', () => {
    const stderr = `ERROR bitwarden_user_crypto_management::key_id_backfill: Failed to post the user key id: ReqwestMiddleware(Reqwest(reqwest::Error { kind: Request, source: "JsValue(Object({\\"message\\":\\"request to https://a-rather-long-name.vault.example.com/api/accounts/key-management/user-key-id failed, reason: connect ECONNREFUSED 127.0.0.1:443\\",\\"type\\":\\"system\\"}))" }))

[Encrypted Migrator] Error running migrations for user: 1 Error [KeyIdBackfillError]: API call failed during user key id backfill
    at __wbg_new_98e187f8aa8916fe (/usr/lib/node_modules/@bitwarden/cli/build/bw.js:8638:21)`;
    expect(meaning('unlock', ended(stderr))).toEqual([
      'server-unreachable',
      'The server cannot be reached: connect ECONNREFUSED 127.0.0.1:443.',
    ]);
  });

  test('a rotated client_secret, which ends in a crash', () => {
    const stderr = [
      'Error refreshing access token:  ErrorResponse {',
      "  response: { error: 'invalid_client' },",
      '  statusCode: 400',
      '}',
      'Syncing failed: {"response":{"error":"invalid_client"},"statusCode":400}node:internal/process/promises:392',
      '      new UnhandledPromiseRejection(reason);',
      '      ^',
      '',
      'UnhandledPromiseRejection: This error originated either by throwing inside of an async function',
      'Node.js v24.21.0',
    ];
    expect(meaning('sync', ended(stderr.join('\n')))[0]).toBe('wrong-client-secret');
    // The first unlock after a login says it in the dump alone.
    const inDump = stderr.filter((line) => !line.startsWith('Syncing')).join('\n');
    expect(meaning('unlock', ended(inDump))[0]).toBe('wrong-client-secret');
  });

  test.each([
    'Syncing failed: {"response":null,"statusCode":502}node:internal/process/promises:392',
    'Syncing failed: FetchError: request to https://vault.example/api/x failed, reason: socket hang upnode:internal/process/promises:392',
  ])('a server that cannot be reached, with a crash on the same line: %s', (stderr) => {
    const [name, says] = meaning('sync', ended(stderr));
    expect(name).toBe('server-unreachable');
    expect(says).not.toContain('node:');
  });

  test.each([
    'Syncing failed: {"response":{"error":"invalid_grant"},"statusCode":400}',
    'Syncing failed: {"response":null,"statusCode":401}',
  ])('a login that has ended at the server, upon which bw logs out: %s', (stderr) => {
    expect(meaning('sync', ended(stderr))[0]).toBe('not-logged-in');
  });

  test('a wrong password without a network too, which bw also complains of', () => {
    const stderr = `${noConfig('connect ENETUNREACH')}Cryptography error, The decryption operation failed`;
    expect(meaning('unlock', ended(stderr))[0]).toBe('wrong-password');
  });

  test('only themselves: an item or a server that quotes them in passing is not believed', () => {
    const [name] = meaning('sync', ended('Item "You are not logged in." is broken'));
    expect(name).toBe('bw-failed');
  });
});

describe('what is not in the table', () => {
  test('is told in the last sentence, without stack, warnings and full stop', () => {
    const stderr = [
      '(node:4711) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.',
      '(Use `node --trace-deprecation ...` to show where the warning was created)',
      '/usr/lib/node_modules/@bitwarden/cli/build/bw.js:4711',
      '    throw new Error("x");',
      '    ^',
      '',
      'Error: Rate limit exceeded.',
      '    at next (node:internal:1:1) {',
      "  code: 'E'",
      '}',
      '',
      'Node.js v24.21.0',
    ].join('\n');
    expect(meaning('sync', ended(stderr))[1]).toBe('`bw sync` failed: Rate limit exceeded.');
  });

  test('is safe for a terminal, and short', () => {
    const [, says] = meaning(
      'sync',
      ended(`\u001b]0;owned\u0007\u001b[31mre\u0008d${'!'.repeat(5_000)}`),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(says).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(says).toContain('re?d!!!');
    expect(says.length).toBeLessThan(400);
  });

  test('holds no secret that bw was given, in whatever form it quotes it', () => {
    const secret = 'p"ss wörd+/&';
    const forms = [
      secret,
      JSON.stringify(secret),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      `\u001b[1m${secret.slice(0, 5)}\u001b[0m${secret.slice(5)}`,
    ];
    for (const form of forms) {
      const [, says] = meaning('sync', ended(`bad ${form} here`), [
        new Secret(secret),
        new Secret(''),
      ]);
      expect(says).toMatch(/^`bw sync` failed: bad "?\[secret\]"? here\.$/);
    }
  });

  test('is understood also where the password is a word of it', () => {
    const secrets = [new Secret('password'), new Secret('not')];
    expect(meaning('unlock', ended('Invalid master password.'), secrets)[0]).toBe('wrong-password');
    expect(meaning('sync', ended('You are not logged in.'), secrets)[0]).toBe('not-logged-in');
  });

  test('holds no secret where it becomes part of a known failure', () => {
    const stderr = 'FetchError: request to https://x failed, reason: odd s3cr3t';
    const [, says] = meaning('sync', ended(stderr), [new Secret('s3cr3t')]);
    expect(says).toBe('The server cannot be reached: odd [secret].');
  });

  test('never comes from a prompt, which shows what was typed', () => {
    const stderr = '\u001b[32m?\u001b[39m API key client_secret: half-a-sec';
    expect(meaning('login', ended(stderr))[1]).not.toContain('half');
  });

  test('is told when there is not a word', () => {
    expect(meaning('sync', ended(''))[1]).toContain('exit code 1, not a word');
    const killed = ended('', { exitCode: null, signal: 'SIGSEGV' });
    expect(meaning('sync', killed)[1]).toContain('it was ended by SIGSEGV');
    expect(meaning('unlock', ended('', { exitCode: 0 }))[1]).toContain('without an answer');
  });
});

describe('a bw that was stopped', () => {
  test('at its deadline is a timeout, whatever it had said', () => {
    const result = ended('You are not logged in.', { stopped: 'deadline', durationMs: 60_004 });
    expect(meaning('sync', result)).toEqual([
      'bw-timeout',
      '`bw sync` did not finish within 60 s and was stopped.',
    ]);
  });

  test('for another reason says so', () => {
    expect(meaning('sync', ended('', { stopped: 'aborted' }))[1]).toContain(
      'before it had finished',
    );
    expect(meaning('sync', ended('', { stopped: 'flood' }))[1]).toContain('without end');
  });
});

describe('a session key', () => {
  const key = Buffer.alloc(64, 7).toString('base64');

  test('is found alone on its line', () => {
    for (const stdout of [key, `${key}\n`, `${key}\r\n`, `a word\n${key}\nanother\n`])
      expect(sessionKey(new Secret(stdout))?.reveal()).toBe(key);
  });

  test('is not what only looks like one', () => {
    const others = [
      '',
      'x',
      key.slice(1),
      `A${key}`,
      `key: ${key}`,
      Buffer.alloc(63).toString('base64'),
    ];
    for (const stdout of others) expect(sessionKey(new Secret(stdout))).toBeUndefined();
  });
});
