/**
 * What is asked of bw, one verb each. Whatever may need the network for an API-key login runs on a
 * staged copy with the client_secret put in; the rest runs in the real folder. Exit codes are never
 * believed alone: data.json tells what really happened.
 */
import { dirname } from 'node:path';
import { Failure, failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import type { Clock } from '../system/clock.ts';
import type { DataFile } from '../vault/data-file.ts';
import {
  baseServerOf,
  DEFAULT_SERVER,
  describe,
  sameServer,
  serverOf,
  slot,
  withoutSlot,
} from '../vault/layout.ts';
import type { Json } from '../vault/layouts.ts';
import { targetOf } from '../vault/replace.ts';
import { whyNoRoom } from '../vault/room.ts';
import type { staged } from '../vault/staged.ts';
import { explain, type OutcomeContext, sessionKey } from './outcome.ts';
import { handOver } from './password.ts';
import type { BwResult } from './run.ts';
import { BW_RENEWS_BELOW_MS } from './token.ts';

/** Longest run of each kind, ms: several times what a slow machine needs (a login: 4.8 s). */
const DEADLINE_MS = { network: 120_000, local: 60_000 } as const;

/** One run of bw in `folder`, with nothing decided about its outcome. */
export type RunIn = (
  folder: string,
  args: readonly string[],
  options: {
    readonly input?: Secret | undefined;
    readonly extra?: Readonly<Record<string, string>> | undefined;
    readonly deadlineMs: number;
    /** What ends a session also runs with settings that cannot be read, by those of the run before. */
    readonly anySettings?: boolean;
    /** Ends it early, besides the daemon's own end. */
    readonly cut?: AbortSignal | undefined;
  },
) => Promise<BwResult>;

export interface VerbParts {
  readonly dataFile: DataFile;
  /** Private folder on tmpfs for staged copies. */
  readonly scratch: string;
  readonly run: RunIn;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly random: () => string;
  readonly context: (secrets: readonly Secret[]) => OutcomeContext;
  readonly stage: typeof staged;
  /** Where client_secret is left after a run: see `api_key_at_rest`. */
  readonly atRest: () => 'keychain' | 'bw';
}

/** A login in a staged copy, and who runs the bw for it. */
export interface Login<T extends { readonly exitCode: number | null }> {
  readonly server: string | undefined;
  /** What this bw is given, and what must not be installed. */
  readonly clientSecret: Secret | undefined;
  readonly bw: (folder: string) => Promise<T>;
  /** Why nobody is logged in, by what bw said and by the data.json that it left. */
  readonly whyNot: (result: T, left: Json) => Failure | Promise<Failure>;
  readonly abandoned?: () => boolean;
}

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

export function createVerbs(parts: VerbParts): Verbs {
  const { dataFile, run, context, atRest } = parts;

  /** Runs in a staged copy where there is a secret to put in, else in the real folder. */
  function where<T>(
    secret: StoredSecret | undefined,
    session: 'new' | 'kept',
    work: (folder: string) => Promise<T>,
  ): Promise<T> {
    if (!secret) return dataFile.guarded(() => work(dataFile.folder));
    const { scratch, stage } = parts;
    const { clientSecret } = secret;
    return stage(dataFile, { scratch, clientSecret, session, atRest: atRest(), run: work });
  }

  /** As `explain`; a disk without room is the reason where bw gives none that we know. */
  function whyFailed(
    command: string,
    result: BwResult,
    folder: string,
    secrets: readonly Secret[],
  ): Failure {
    const real = folder === dataFile.folder;
    const file = real ? dataFile.file : parts.scratch;
    const reason = explain(command, result, { ...context(secrets), writesTo: file });
    if (!reason.is('bw-failed') || result.stopped) return reason;
    const problem = whyNoRoom(real ? dirname(targetOf(file)) : file);
    return problem ? failure('data-file-unwritable', { file, problem }) : reason;
  }

  /** Where no staged copy can be, or none is needed. */
  function inPlace(args: readonly string[], anySettings: boolean): Promise<void> {
    const options = { deadlineMs: DEADLINE_MS.local, anySettings };
    return dataFile.guarded(() => must(dataFile.folder, args, options));
  }

  async function must(
    folder: string,
    args: readonly string[],
    options: Parameters<RunIn>[2] & { secrets?: readonly Secret[] },
  ): Promise<void> {
    const result = await run(folder, args, options);
    if (result.exitCode !== 0 || result.stdout.empty)
      throw whyFailed(args[0] ?? '', result, folder, options.secrets ?? []);
    result.stdout.wipe();
  }

  // By force, as only that renews an access token with more than 5 minutes left (2026.9.0).
  async function syncIn(
    folder: string,
    secrets: readonly Secret[],
    cut?: AbortSignal,
  ): Promise<void> {
    const options = { deadlineMs: DEADLINE_MS.network, secrets, cut };
    await must(folder, ['sync', '--force', '--nointeraction'], options);
  }

  // Without a usable token even the person's own `bw list` fails an hour after the last one (2026.9.0).
  // Offline it stays old; the renewal tries again and tells.
  async function freshen(
    folder: string,
    { clientSecret }: StoredSecret,
    cut: AbortSignal | undefined,
  ): Promise<void> {
    const now = describe((await dataFile.elsewhere(folder).read()) ?? {});
    const leftMs = (now?.accessTokenExpiresAtMs ?? 0) - parts.clock.wallMs();
    if (leftMs < BW_RENEWS_BELOW_MS) await syncIn(folder, [clientSecret], cut).catch(() => {});
  }

  async function unlockOnce(
    password: Secret,
    secret: StoredSecret | undefined,
    cut: AbortSignal | undefined,
  ): Promise<Secret> {
    let key: Secret | undefined;
    let stopped: BwResult['stopped'];
    const before = secret ? undefined : await slotNow();
    const unlockIn = async (folder: string) => {
      const { args, input, extra } = handOver(password, parts.platform, parts.random);
      const result = await run(folder, ['unlock', '--raw', '--nointeraction', ...args], {
        input,
        extra,
        deadlineMs: DEADLINE_MS.network,
        cut,
      });
      stopped = result.stopped;
      // It may be the second one, where others have changed the file meanwhile.
      key?.wipe();
      key = sessionKey(result.stdout);
      result.stdout.wipe();
      // A usable key may come with exit code 1, and a dead one with 0 (both seen).
      if (key) {
        if (secret) {
          await freshen(folder, secret, cut);
          // What is not installed need not be locked.
          cut?.throwIfAborted();
        }
        return key;
      }
      throw whyFailed(
        'unlock',
        result,
        folder,
        secret ? [password, secret.clientSecret] : [password],
      );
    };
    try {
      return await where(secret, 'new', unlockIn);
    } catch (thrown) {
      key?.wipe();
      if (!secret && stopped === 'aborted') await dropUnprinted(before);
      throw thrown;
    }
  }

  async function slotNow(): Promise<string | undefined> {
    return slot((await dataFile.read()) ?? {});
  }

  /**
   * bw writes the slot before it prints the key: one that was ended in between leaves a session that
   * nobody can lock, and that looks like another program's. Where it is another's, the unlock would have
   * ended that, too.
   */
  async function dropUnprinted(before: string | undefined): Promise<void> {
    await dataFile.update((json) => (slot(json) === before ? undefined : withoutSlot(json)));
  }

  /**
   * Whether the key opens the vault. Where that cannot be told now it counts as one: each use looks again,
   * and who has no key could not lock what it opens.
   */
  async function mayOpen(key: Secret, cut: AbortSignal | undefined): Promise<boolean> {
    try {
      const verdict = await dataFile.checkKey(key);
      return (verdict === 'unknown' ? await check(key, cut) : verdict) === 'live';
    } catch {
      return true;
    }
  }

  async function check(key: Secret, cut?: AbortSignal): Promise<'live' | 'dead'> {
    const options = {
      extra: { BW_SESSION: key.reveal() },
      deadlineMs: DEADLINE_MS.local,
      // Before a lock it tells whether the session is still ours.
      anySettings: true,
      cut,
    };
    const result = await dataFile.guarded(() =>
      run(dataFile.folder, ['unlock', '--check', '--nointeraction'], options),
    );
    result.stdout.wipe();
    if (result.exitCode === 0) return 'live';
    const reason = explain('unlock', result, context([key]));
    if (reason.is('vault-locked') || reason.is('not-logged-in')) return 'dead';
    throw reason;
  }

  // A bw that is older than the one that wrote data.json reads nothing of it: it would take the secret
  // to bitwarden.com, and write what the newer one does not see (2023.12.1 after 2025.4.0).
  async function mustRead(folder: string, server: string): Promise<void> {
    const told = await run(folder, ['config', 'server'], { deadlineMs: DEADLINE_MS.network });
    if (told.exitCode !== 0 || told.stdout.empty) throw explain('config', told, context([]));
    if (sameServer(told.stdout.reveal().trim(), server)) return;
    throw tooOld();
  }

  function tooOld(): Failure {
    const problem = `it cannot read ${dataFile.file}, which a newer one wrote`;
    return failure('bw-refused', { file: 'this bw', problem });
  }

  async function loginBy<T extends { readonly exitCode: number | null }>(
    login: Login<T>,
  ): Promise<T> {
    const { server, clientSecret, bw, whyNot, abandoned = () => false } = login;
    const { scratch, stage } = parts;
    const run = async (folder: string) => {
      const copy = dataFile.elsewhere(folder);
      const before = (await copy.read()) ?? {};
      const other = describe(before);
      if (other) throw failure('already-logged-in', { account: other.email });
      const named = baseServerOf(before);
      if (server && !sameServer(serverOf(before) ?? DEFAULT_SERVER, server))
        await must(folder, ['config', 'server', server], { deadlineMs: DEADLINE_MS.network });
      else if (named) await mustRead(folder, named);
      const result = await bw(folder);
      const left =
        (await copy.read().catch(async (thrown) => {
          // Half a file, from a disk that is full: bw says so.
          throw result.exitCode === 0 ? thrown : await whyNot(result, {});
        })) ?? {};
      const who = describe(left);
      // Some servers make bw end with 1 although it is logged in (seen with 2026.9.0).
      if (!who) throw await whyNot(result, left);
      // Then the vault was not fetched, and unlock would print nothing. With exit code 0 it is not
      // fetched in a quarter of the logins of 2025.4.0, and the vault would look empty.
      if (result.exitCode !== 0 || !who.fetched)
        await syncIn(folder, clientSecret ? [clientSecret] : []);
      return result;
    };
    return await stage(dataFile, {
      scratch,
      clientSecret,
      session: 'new',
      atRest: atRest(),
      abandoned,
      run,
    });
  }

  return {
    async login({ clientId, clientSecret }, server) {
      await loginBy({
        server,
        clientSecret,
        async bw(folder) {
          const result = await run(folder, ['login', '--apikey', '--nointeraction'], {
            extra: { BW_CLIENTID: clientId, BW_CLIENTSECRET: clientSecret.reveal() },
            deadlineMs: DEADLINE_MS.network,
          });
          result.stdout.wipe();
          return result;
        },
        whyNot: (result) => whyFailed('login --apikey', result, parts.scratch, [clientSecret]),
      });
    },

    loginBy,

    async unlock(password, secret, cut) {
      // bw at times prints a key that opens nothing; the second one does (seen, 2024 and 2025).
      for (let tries = 0; tries < 2; tries += 1) {
        const key = await unlockOnce(password, secret, cut);
        if (await mayOpen(key, cut)) return key;
        key.wipe();
      }
      throw failure('bw-failed', {
        command: 'unlock',
        problem: 'it printed a session key that does not open the vault',
      });
    },

    sync: (secret) =>
      where(secret, 'kept', (folder) => syncIn(folder, secret ? [secret.clientSecret] : [])),

    lock: () => inPlace(['lock', '--nointeraction'], true),

    async logout() {
      try {
        await inPlace(['logout', '--nointeraction'], false);
      } catch (thrown) {
        const sees = !(thrown instanceof Failure && thrown.is('not-logged-in'));
        throw sees || !describe((await dataFile.read()) ?? {}) ? thrown : tooOld();
      }
    },

    check,
  };
}
