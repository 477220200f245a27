/** The ways in which the verbs run bw: on a staged copy or in the real folder, and what a failure means. */
import { dirname } from 'node:path';
import { type Failure, failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import type { DataFile } from '../vault/data-file.ts';
import { targetOf } from '../vault/replace.ts';
import { whyNoRoom } from '../vault/room.ts';
import type { staged } from '../vault/staged.ts';
import { explain, type OutcomeContext } from './outcome.ts';
import type { BwResult } from './run.ts';

/** Longest run of each kind, ms: several times what a slow machine needs (a login: 4.8 s). */
export const DEADLINE_MS = { network: 120_000, local: 60_000 } as const;

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

export interface RunsParts {
  readonly dataFile: DataFile;
  /** Private folder on tmpfs for staged copies. */
  readonly scratch: string;
  readonly run: RunIn;
  readonly context: (secrets: readonly Secret[]) => OutcomeContext;
  readonly stage: typeof staged;
  /** Where client_secret is left after a run: see `api_key_at_rest`. */
  readonly atRest: () => 'keychain' | 'bw';
}

export type Runs = ReturnType<typeof createRuns>;

export function createRuns(parts: RunsParts) {
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

  return { where, whyFailed, inPlace, must, syncIn, check };
}
