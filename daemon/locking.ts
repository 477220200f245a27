/** Keys of ended sessions, each kept until the vault is locked to it and stays so. */
import { type Failure, toFailure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from './log.ts';
import type { Clock } from './system/clock.ts';

/** How soon a vault that could not be locked is tried again. */
const LOCK_AGAIN_MS = 30_000;
/**
 * When a locked vault is looked at again. A bw that was reading while we locked writes our session
 * back a moment later (2026.9.0: 0.1 s, and as long as its command takes).
 */
const LOOK_AGAIN_MS = [300, 2_000, 10_000, 30_000] as const;

export interface LockingParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws where the vault is still open to the key. */
  readonly lock: (key: Secret) => Promise<void>;
  /** Told when the vault was locked to one of them. */
  readonly onLocked: () => void;
}

export interface Locking {
  /** Takes the key over, and wipes it in the end. */
  add(key: Secret): void;
  /** Locks to each of them; never throws. */
  lockAll(): Promise<void>;
  /** Whether the vault may be open to one of them. */
  open(): boolean;
  /** Whether it has not even been tried yet to lock to one of them. */
  untried(): boolean;
  /** Why the vault is still open to one of them, if it is. */
  problem(): string | undefined;
  /** Locks a last time, and forgets even a key to which the vault stays open; gives why it does. */
  stop(): Promise<string | undefined>;
}

interface Entry {
  locked: boolean;
  failed: Failure | undefined;
  /** When the locked vault is still to be looked at, in ms from the look before. */
  readonly looks: number[];
  looking: boolean;
  /** The lock that is under way. */
  locking: Promise<void> | undefined;
}

export function createLocking({ clock, log, lock, onLocked }: LockingParts): Locking {
  const entries = new Map<Secret, Entry>();
  let cancelAgain: (() => void) | undefined;

  function problem(): string | undefined {
    for (const { failed } of entries.values()) if (failed) return failed.message;
    return undefined;
  }

  async function lockAll(): Promise<void> {
    await Promise.all([...entries].map(([key, entry]) => lockOne(key, entry)));
    if (!problem() || cancelAgain) return;
    cancelAgain = clock.after(LOCK_AGAIN_MS, () => {
      cancelAgain = undefined;
      lockAll();
    });
  }

  function lockOne(key: Secret, entry: Entry): Promise<void> {
    entry.locking ??= tryOne(key, entry).finally(() => {
      entry.locking = undefined;
    });
    return entry.locking;
  }

  async function tryOne(key: Secret, entry: Entry): Promise<void> {
    try {
      await lock(key);
      if (!entries.has(key)) return;
      entry.failed = undefined;
      entry.locked = true;
      onLocked();
      const [nextMs] = entry.looks;
      if (nextMs === undefined) {
        key.wipe();
        entries.delete(key);
      } else if (!entry.looking) {
        entry.looking = true;
        clock.after(nextMs, () => {
          entry.looking = false;
          entry.looks.shift();
          if (entries.has(key)) lockAll();
        });
      }
    } catch (thrown) {
      entry.failed = toFailure(thrown);
      log.warn('vault not locked', { error: entry.failed.name });
    }
  }

  return {
    add: (key) =>
      void entries.set(key, {
        locked: false,
        failed: undefined,
        looks: [...LOOK_AGAIN_MS],
        looking: false,
        locking: undefined,
      }),
    lockAll,
    problem,
    open: () => [...entries.values()].some(({ locked, failed }) => !locked || failed),
    untried: () => [...entries.values()].some(({ locked, failed }) => !locked && !failed),
    async stop() {
      if (entries.size > 0) {
        await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS[0], resolve));
        await lockAll();
      }
      cancelAgain?.();
      const why = problem();
      for (const key of entries.keys()) key.wipe();
      entries.clear();
      return why;
    },
  };
}
