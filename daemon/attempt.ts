/** One unlock that is under way, and who waits for it: everybody gets the one outcome. */
import { type Failure, toFailure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import type { Caller } from './caller.ts';
import type { Limits } from './expiry.ts';
import { createWaiters, type Waiters } from './prompts.ts';
import type { Clock } from './system/clock.ts';

/** What one caller wants of the session. */
export interface Wanted {
  readonly idleMs?: number | undefined;
  readonly maxMs?: number | undefined;
  /** How long a caller that cannot be asked waits for another's unlock. */
  readonly waitMs?: number | undefined;
}

export interface AttemptParts {
  readonly clock: Clock;
  /** The limits of the settings. */
  readonly limits: () => Limits;
  /** Ends early when `cut` is aborted; a key that it has by then it still gives, or has seen to. */
  readonly unlock: (waiters: Waiters<void>, cut: AbortSignal) => Promise<Secret>;
  /** Takes the key over. */
  readonly open: (key: Secret, limits: Limits) => void;
  /** Locks the vault to a key that came too late; never throws. */
  readonly drop: (key: Secret) => Promise<void>;
  /** Told at the end, before those who wait. */
  readonly onEnd: (failed: Failure | undefined) => void;
}

export interface Attempt {
  /** Waits for the outcome. */
  join(caller: Caller, wanted: Wanted): Promise<void>;
  /**
   * Refuses who waits, ends the bw that is at work, and has a key that still comes dropped. Resolves
   * when it is over; true where there was such a key.
   */
  cut(reason: Failure): Promise<boolean>;
  readonly wasCut: boolean;
  /** Resolves when it is over. */
  readonly over: Promise<unknown>;
}

export function startAttempt(parts: AttemptParts): Attempt {
  const waiters = createWaiters<void>(parts.clock);
  const wants = new Map<Caller, Wanted>();
  const cutting = new AbortController();
  const { signal } = cutting;
  let dropped = false;

  async function run(): Promise<void> {
    // Before the vault is open: settings that cannot be read must not leave it so.
    const limits = parts.limits();
    const key = await parts.unlock(waiters, signal);
    if (!signal.aborted) return parts.open(key, shortest(limits, [...wants.values()]));
    dropped = true;
    await parts.drop(key);
    throw signal.reason;
  }

  async function runToEnd(): Promise<void> {
    const failed = await run().then(() => undefined, toFailure);
    parts.onEnd(failed);
    if (failed) waiters.reject(failed);
    else waiters.resolve();
  }

  // Begins after the first caller has joined.
  const over = Promise.resolve().then(runToEnd);
  return {
    over,
    async join(caller, wanted) {
      wants.set(caller, wanted);
      // Who has left has no say in the limits.
      await waiters.join(caller, wanted.waitMs).finally(() => wants.delete(caller));
    },
    async cut(reason) {
      waiters.reject(reason);
      cutting.abort(reason);
      await over;
      return dropped;
    },
    get wasCut() {
      return signal.aborted;
    },
  };
}

/** The shortest that anybody wants: longer limits than the settings' are for who asks alone. */
function shortest({ idleMs, maxMs }: Limits, wants: readonly Wanted[]): Limits {
  const all = wants.length > 0 ? wants : [{}];
  return {
    idleMs: Math.min(...all.map((one: Wanted) => one.idleMs ?? idleMs)),
    maxMs: Math.min(...all.map((one: Wanted) => one.maxMs ?? maxMs)),
  };
}
