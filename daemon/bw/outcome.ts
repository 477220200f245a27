/** bw's words → our errors: a table, each row with the version in which its text was seen. */
import { join } from 'node:path';
import { type Failure, failure } from '../../shared/errors.ts';
import { Secret } from '../../shared/secret.ts';
import { printable } from '../../shared/text.ts';
import { inWords } from '../system/file-calls.ts';
import type { BwResult } from './run.ts';

/** What the sentences need besides bw's words. */
export interface OutcomeContext {
  readonly dataDir: string;
  /** Of the settings. */
  readonly server?: string | undefined;
  /** What it writes, for people; data.json of `dataDir` by default. */
  readonly writesTo?: string;
  /** Whatever this bw was given and must not come back in its words. */
  readonly secrets: readonly Secret[];
}

/**
 * Why a run of bw did not give what it was started for. To be asked whenever that is missing, also
 * after exit code 0, which bw gives too when it met the end of stdin (seen with 2026.9.0).
 */
export function explain(command: string, result: BwResult, context: OutcomeContext): Failure {
  const failed = (problem: string) => failure('bw-failed', { command, problem });
  if (result.stopped === 'deadline')
    return failure('bw-timeout', { command, seconds: Math.round(result.durationMs / 1_000) });
  if (result.stopped === 'aborted') return failed('it was stopped before it had finished');
  if (result.stopped === 'flood') return failed('it wrote without end and was stopped');

  const lines = spoken(result.stderr, context.secrets);
  for (const { on, says, means } of outcomes) {
    if (on && !on.includes(command)) continue;
    const match = lines.map(({ raw }) => says.exec(raw)).find((found) => found !== null);
    if (match) return means({ command, context, what: harmless(match[1] ?? '', context.secrets) });
  }
  const last = lines.findLast(({ sentence }) => sentence)?.text.replace(/^(\w*Error: )+|\.$/g, '');
  if (last) return failed(last);
  if (result.signal) return failed(`it was ended by ${result.signal}`);
  return failed(
    result.exitCode === 0
      ? 'it ended without an answer'
      : `exit code ${result.exitCode}, not a word`,
  );
}

/** The session key in what `unlock --raw` printed: base64 of 64 bytes, alone on its line. */
export function sessionKey(stdout: Secret): Secret | undefined {
  const key = /^[A-Za-z0-9+/]{86}==$/m.exec(stdout.reveal().replaceAll('\r', ''))?.[0];
  return key === undefined ? undefined : new Secret(key);
}

interface Means {
  readonly command: string;
  readonly context: OutcomeContext;
  /** What the brackets of `says` caught, fit to be shown. */
  readonly what: string;
}

interface Outcome {
  /** Only after these commands; after all where it is missing. */
  readonly on?: readonly string[];
  readonly says: RegExp;
  readonly means: (found: Means) => Failure;
}

const outcomes: readonly Outcome[] = [
  {
    // Node's words, in 2026.9.0 as a sentence or in the report of a crash.
    says: /(?:^|\bError: )(ENOSPC|EDQUOT|EROFS|EIO|(?:EACCES|EPERM)(?=[^']*'[^']*data\.json)): [^,]+, \w/,
    means: ({ context, what }) =>
      failure('data-file-unwritable', {
        file: context.writesTo ?? join(context.dataDir, 'data.json'),
        problem: inWords(what),
      }),
  },
  {
    // 2023.12.1 … 2026.9.0
    says: /^You are not logged in\./,
    means: ({ context }) => failure('not-logged-in', { dataDir: context.dataDir }),
  },
  {
    // 2023.12.1 … 2026.9.0
    says: /^You are already logged in as (.+)\.$/,
    means: ({ what }) => failure('already-logged-in', { account: what }),
  },
  {
    // 2026.9.0
    says: /^Vault is locked\./,
    means: () => failure('vault-locked'),
  },
  {
    // Node 24, when bw was removed or moved by an upgrade since it was located.
    says: /^Error: Cannot find module /,
    means: () => failure('bw-not-found'),
  },
  {
    // 2026.9.0 on `invalid_client`, as its own sentence or as an object; other servers' own words come
    // through as they are.
    says: /client_?(?:id|secret)\b.*\bincorrect|(?:incorrect|invalid) client_?(?:id|secret)|["']invalid_client["']/i,
    means: () => failure('wrong-client-secret'),
  },
  {
    // 2026.9.0 says this about an API key too, where the server answers `invalid_grant`.
    on: ['login --apikey'],
    says: /^Invalid master password\./,
    means: () => failure('wrong-client-secret'),
  },
  {
    // 2023.12.1 and 2025.4.0: the first, which is the server's; 2026.9.0: the second.
    on: ['login'],
    says: /^Username or password is incorrect\.|^Invalid master password\./,
    means: () => failure('wrong-password'),
  },
  {
    // 2023.12.1 and 2025.4.0, the same for a wrong client_secret, none, and a wrong password with the
    // right one.
    on: ['login'],
    says: /^Your authentication request has been flagged\b/,
    means: () =>
      failure('challenge-failed', { problem: 'bw does not say which of both was wrong' }),
  },
  {
    // 2023.12.1 … 2026.9.0, without a person: the code of a second factor or for a new device.
    on: ['login'],
    says: /^Code is required\./,
    means: () => failure('login-needs-person', { what: 'a code' }),
  },
  {
    // 2023.12.1: the first; 2026.9.0: the second.
    on: ['unlock'],
    says: /^Invalid master password\.|Cryptography error, The decryption operation failed/,
    means: () => failure('wrong-password'),
  },
  {
    // 2026.9.0 where it would need a client_secret, and data.json holds none.
    says: /^(Error refreshing access token:\s+)?Error: Refresh Access token error/,
    means: () => failure('no-client-secret'),
  },
  {
    // 2025.12.1 … 2026.9.0
    says: /Insecure URL not allowed/,
    means: ({ context }) =>
      failure('server-insecure', { server: context.server ?? 'that bw is set to' }),
  },
  {
    // 2026.9.0, no connection: refused, no such name, unknown certificate authority. Also within the
    // report of a crash at an account's first unlock, which needs the network.
    says: /request to \S+ failed, reason: ([^;"\\$]+)/,
    means: ({ what }) =>
      failure('server-unreachable', {
        // What OpenSSL makes of an answer in the clear.
        problem: /wrong version number/.test(what) ? 'it speaks plain HTTP there, no HTTPS' : what,
      }),
  },
  {
    // 2026.9.0 before a login by password, of an answer that it cannot make anything of.
    on: ['login'],
    says: /^(?:Error: )?KDF config response does not contain\b/,
    means: () =>
      failure('server-unreachable', { problem: 'it answers, but not as a Bitwarden server does' }),
  },
  {
    // 2026.9.0, the password of an account that has none for its vault.
    on: ['login', 'unlock'],
    says: /^Master password unlock data is required\b/,
    means: () => failure('no-master-password', { account: 'This account' }),
  },
  {
    // 2026.9.0 where the server has ended a login by password, for instance after a password change;
    // bw has logged out by then.
    on: ['sync', 'unlock'],
    says: /^\{"response":.*("error":"invalid_grant"|"statusCode":401\})/,
    means: ({ context }) => failure('not-logged-in', { dataDir: context.dataDir }),
  },
  {
    // 2026.9.0: an answer that is not JSON, from a proxy or a sign-in page as a rule.
    says: /^\{"response":null,"statusCode":(\d+)\}/,
    means: ({ what }) =>
      failure('server-unreachable', {
        problem: `it answers with status ${what}, but not as a Bitwarden server does`,
      }),
  },
  {
    // 2026.9.0 where the server wants the client_secret as proof: gone from bw since 2025.6.
    says: /HCaptcha_SiteKey/,
    means: () => failure('challenge-unsupported'),
  },
];

/** What is looked at of one line, a bound for the patterns: bw's longest known one has 500. */
const LINE_CHARACTERS = 2_000;

interface Line {
  /** For the patterns only. Not scrubbed: a password may be a word of bw's sentence. */
  readonly raw: string;
  /** The same for people: short, harmless, without any secret. */
  readonly text: string;
  /** Not part of a stack trace or an object dump, and hence fit to be shown. */
  readonly sentence: boolean;
}

/** bw's lines without those that say nothing about the outcome. */
function spoken(stderr: string, secrets: readonly Secret[]): Line[] {
  // bw forgets the end of a line, and Node's report of its crash follows at once (seen with 2026.9.0).
  return stderr
    .replace(/(?=node:internal\/process\/)/g, '\n')
    .split(/\r?\n/)
    .map((line) => line.slice(0, LINE_CHARACTERS).replace(/^Syncing failed: /, ''))
    .map((line) => ({
      raw: line.trim(),
      text: harmless(line, secrets),
      sentence: /^[^\s}^]/.test(line),
    }))
    .filter(({ text }) => text !== '' && !noise.some((kind) => kind.test(text)));
}

/**
 * Seen with 2026.9.0 on Node 24, also where all went well: a server without /config, an account's
 * first login, warnings of Node, its report of a crash. `? ` is a prompt, with what was typed.
 */
const noise = [
  /^(Unable to fetch ServerConfig|Could not find data file|\[\w+\] Could not determine)\b/,
  /^(\? |\(node:\d+\)|\(Use `|Node\.js v|node:internal\/|UnhandledPromiseRejection: )/,
  /^\/.*:\d+$/,
];

/** Scrubbed twice: without its control characters a text may show a secret that was in pieces. */
function harmless(text: string, secrets: readonly Secret[]): string {
  return scrub(printable(scrub(text, secrets)), secrets);
}

/** Without any of the secrets, in each form in which bw or a server may quote them. */
function scrub(text: string, secrets: readonly Secret[]): string {
  let clean = text;
  for (const secret of secrets.filter(({ empty }) => !empty)) {
    const plain = secret.reveal();
    const escaped = JSON.stringify(plain).slice(1, -1);
    const coded = [encodeURIComponent(plain), secret.bytes().toString('base64')];
    for (const form of [plain, escaped, ...coded]) clean = clean.replaceAll(form, '[secret]');
  }
  return clean;
}
