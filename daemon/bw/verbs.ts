/**
 * What is asked of bw, one verb each. Whatever may need the network for an API-key login runs on a
 * staged copy with the client_secret put in; the rest runs in the real folder. Exit codes are never
 * believed alone: data.json tells what really happened.
 */
import { Failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import { describe } from '../vault/layout.ts';
import { createLogin, type Login, tooOld } from './login.ts';
import { createRuns, type RunsParts } from './runs.ts';
import { createUnlock, type UnlockParts } from './unlock.ts';

export interface Verbs {
  /** Logs in by API key, to `server` if given. */
  login(secret: StoredSecret, server: string | undefined): Promise<void>;
  /** The same by what `login.bw` does; gives what that gave. Throws already-logged-in, and `whyNot`. */
  loginBy<T extends { readonly exitCode: number | null }>(login: Login<T>): Promise<T>;
  /**
   * Unlocks and gives a key that opens the vault, as far as that can be told. `secret` where the login
   * needs one. Once `cut` is aborted its bw ends: then it gives a key that opens the vault, or throws and
   * leaves no session of its own.
   */
  unlock(password: Secret, secret: StoredSecret | undefined, cut?: AbortSignal): Promise<Secret>;
  /** Fetches the vault, locked or not, and leaves a fresh access token behind. */
  sync(secret: StoredSecret | undefined): Promise<void>;
  /** Ends every session of the folder, whoever opened it. */
  lock(): Promise<void>;
  logout(): Promise<void>;
  /** bw's own word on a key, for layouts that are not known here. */
  check(key: Secret): Promise<'live' | 'dead'>;
}

export function createVerbs(parts: RunsParts & UnlockParts): Verbs {
  const { dataFile } = parts;
  const runs = createRuns(parts);
  const { where, inPlace, syncIn, check } = runs;
  return {
    ...createLogin(parts, runs),

    unlock: createUnlock(parts, runs),

    sync: (secret) =>
      where(secret, 'kept', (folder) => syncIn(folder, secret ? [secret.clientSecret] : [])),

    lock: () => inPlace(['lock', '--nointeraction'], true),

    async logout() {
      try {
        await inPlace(['logout', '--nointeraction'], false);
      } catch (thrown) {
        const sees = !(thrown instanceof Failure && thrown.is('not-logged-in'));
        throw sees || !describe((await dataFile.read()) ?? {}) ? thrown : tooOld(dataFile);
      }
    },

    check,
  };
}
