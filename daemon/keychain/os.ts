/**
 * The system's own keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service on
 * Linux. Every call is one short-lived worker; what becomes of it never reaches the daemon itself.
 */
import * as v from 'valibot';
import { type Failure, failure } from '../../shared/errors.ts';
import { Secret } from '../../shared/secret.ts';
import { createQueue } from '../queue.ts';
import type { Clock } from '../system/clock.ts';
import type { AskWorker } from './ask-worker.ts';
import type { Answer, Request } from './exchange.ts';
import type { Notes } from './notes.ts';
import type { Keychain, KeychainStatus, StoredSecret } from './port.ts';

/** CRED_MAX_CREDENTIAL_BLOB_SIZE of Windows, bytes; keytar stores UTF-8. */
const WINDOWS_BYTES = 2_560;
/** Status is a look and no task: what takes longer is told as such. */
const LOOK_MS = 500;

const NAMES: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'the login keychain of macOS',
  win32: 'the Windows Credential Manager',
};

export interface OsKeychainParts {
  readonly worker: AskWorker;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
}

const item = v.object({ client_id: v.string(), client_secret: v.string() });

export function openOsKeychain({ worker, notes, clock, platform }: OsKeychainParts): Keychain {
  const where = NAMES[platform] ?? 'the system keychain (Secret Service)';
  // Two windows of one keychain at once would help nobody.
  const queue = createQueue();
  const looks = new Map<string, Promise<Answer>>();

  async function ask(request: Request): Promise<Answer> {
    const answer = await queue(() => worker.ask(request));
    if ('refused' in answer) throw refusal(answer);
    return answer;
  }

  /** Joins a look that is under way: a keychain that hangs gets one worker, however often it is asked. */
  function look(account: string): Promise<Answer> {
    const under = looks.get(account);
    if (under) return under;
    const begun = worker.ask({ do: 'look', account, mayAsk: false });
    looks.set(account, begun);
    const over = () => looks.delete(account);
    begun.then(over, over);
    return begun;
  }

  return {
    kind: 'os',

    async get(account, { desktop = false }) {
      const answer = await ask({ do: 'get', account, mayAsk: desktop });
      const value = 'value' in answer ? answer.value : null;
      if (value !== null) return secretIn(value);
      const when = notes.storedAt(account);
      if (when) throw failure('keychain-item-gone', { when });
      return undefined;
    },

    async set(account, secret, { desktop = false }) {
      const value = textOf(secret);
      const size = Buffer.byteLength(value);
      if (platform === 'win32' && size > WINDOWS_BYTES)
        throw failure('keychain-too-large', { size, limit: WINDOWS_BYTES });
      await ask({ do: 'set', account, value, mayAsk: desktop });
      notes.stored(account, new Date(clock.wallMs()).toISOString());
    },

    async delete(account, { desktop = false }) {
      const answer = await ask({ do: 'delete', account, mayAsk: desktop });
      notes.gone(account);
      return 'done' in answer && answer.done;
    },

    async status(account): Promise<KeychainStatus> {
      const noted = notes.storedAt(account);
      const blind = { stored: noted !== undefined, locked: false, where };
      // macOS might open a window even for a look, and neither of the others can be locked for long.
      if (platform !== 'linux') return blind;
      const answer = await soon(clock, look(account), LOOK_MS);
      if (!answer) return { ...blind, problem: 'The system keychain gives no answer.' };
      if ('refused' in answer) return { ...blind, problem: refusal(answer).message };
      if (!('item' in answer)) return blind;
      const { item: found } = answer;
      const locked = answer.locked || found === 'locked';
      if (found === 'hidden') return { ...blind, locked };
      if (found !== 'absent') return { stored: true, locked, where };
      const gone = noted && failure('keychain-item-gone', { when: noted }).message;
      return { stored: false, locked, where, ...(gone && { problem: gone }) };
    },

    forget: worker.stop,
  };
}

function textOf({ clientId, clientSecret }: StoredSecret): string {
  // In words, for people who look at it in their keychain's own window.
  return JSON.stringify({ client_id: clientId, client_secret: clientSecret.reveal() });
}

function secretIn(text: string): StoredSecret {
  try {
    const { client_id: clientId, client_secret } = v.parse(item, JSON.parse(text));
    return { clientId, clientSecret: new Secret(client_secret) };
  } catch {
    const problem = 'its item of bw-helper is not as bw-helper writes it';
    throw failure('keychain-failed', { problem });
  }
}

/** undefined where it takes longer than `ms`. */
function soon<T>(clock: Clock, promise: Promise<T>, ms: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(ms, () => late.resolve(undefined));
  return Promise.race([promise, late.promise]).finally(cancel);
}

function refusal({ refused, detail }: Extract<Answer, { refused: string }>): Failure {
  switch (refused) {
    case 'no-library':
      return failure('keychain-no-library', { problem: detail });
    case 'no-bus':
      return failure('keychain-no-bus', { problem: detail });
    case 'no-service':
      return failure('keychain-no-service');
    case 'no-collection':
      return failure('keychain-no-collection');
    case 'locked':
      return failure('system-keychain-locked');
    case 'dismissed':
      return failure('keychain-dismissed');
    case 'failed':
      return failure('keychain-failed', { problem: detail });
  }
}
