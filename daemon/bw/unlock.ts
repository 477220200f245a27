/** `bw unlock`: a key that opens the vault, or no session of its own. */
import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import type { Clock } from '../system/clock.ts';
import type { DataFile } from '../vault/data-file.ts';
import { describe, slot, withoutSlot } from '../vault/layout.ts';
import { sessionKey } from './outcome.ts';
import { handOver } from './password.ts';
import type { BwResult } from './run.ts';
import { DEADLINE_MS, type RunIn, type Runs } from './runs.ts';
import { BW_RENEWS_BELOW_MS } from './token.ts';
import type { Verbs } from './verbs.ts';

export interface UnlockParts {
  readonly dataFile: DataFile;
  readonly run: RunIn;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly random: () => string;
}

export function createUnlock(parts: UnlockParts, runs: Runs): Verbs['unlock'] {
  const { dataFile, run } = parts;
  const { where, whyFailed, syncIn, check } = runs;

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
      if (!secret && stopped) await dropUnprinted(before);
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

  return async (password, secret, cut) => {
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
  };
}
