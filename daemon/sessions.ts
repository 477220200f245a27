/**
 * One profile's session: logged-out → locked → unlocked → ended. The key is checked at each use, and
 * a key that may be dead is never handed out.
 */
import { failure, toFailure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import type { Caller } from './caller.ts';
import type { Clock } from './clock.ts';
import { type Expiry, type Limits, type SessionEnd, startExpiry } from './expiry.ts';
import { createHolds, type Holds, type StartOf } from './holds.ts';
import { createLocking, type Locking } from './locking.ts';
import type { Log } from './log.ts';
import { createWaiters, type Waiters } from './prompts.ts';

/** What a session needs of the vault behind it. */
export interface SessionVault {
  /** Throws not-logged-in, before anybody is asked for a password. */
  requireLogin(): Promise<void>;
  /** A cheap mark of data.json as it is now: the same mark means the same content. */
  stamp(): string | undefined;
  /** Whether the key opens the vault. Throws where that cannot be told now. */
  check(key: Secret): Promise<'live' | 'dead'>;
  /** Ends our key and nobody else's; throws where the vault is still open to it. */
  lock(key: Secret): Promise<void>;
  /** Asks through `waiters` for what is missing and gives a key that was seen to work. */
  unlock(waiters: Waiters<void>): Promise<Secret>;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly vault: SessionVault;
  readonly log: Log;
  /** The limits of the settings, read at each unlock. */
  readonly limits: () => Limits;
  readonly startOf: StartOf;
  /** Told before the vault is unlocked, and once it is locked again, or was not unlocked at all. */
  readonly onUnlocking?: () => void;
  readonly onLocked?: () => void;
  /** Told when a session opens, and when it ends. */
  readonly onOpen?: () => void;
  readonly onEnd?: (why: SessionEnd) => void;
}

export interface Wanted {
  readonly idleMs?: number | undefined;
  readonly maxMs?: number | undefined;
  /** How long a caller that cannot be asked waits for another's unlock. */
  readonly waitMs?: number | undefined;
}

interface Session {
  readonly key: Secret;
  readonly expiry: Expiry;
  readonly holds: Holds;
  /** The mark of data.json at which the key was last seen to be live. */
  seen: string | undefined;
}

export class Sessions {
  readonly #options: SessionOptions;
  #session: Session | undefined;
  /** Who waits for the unlock that is under way, and with which limits. */
  #attempt: { waiters: Waiters<void>; wants: Map<Caller, Wanted> } | undefined;
  readonly #locking: Locking;
  #stopped = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { clock, log, vault } = options;
    this.#locking = createLocking({
      clock,
      log,
      lock: (key) => vault.lock(key),
      onLocked: () => this.#lockedNow(),
    });
  }

  /** The live key, after asking for the password where there is none. The caller must not keep it. */
  async get(caller: Caller, wanted: Wanted): Promise<Secret> {
    for (;;) {
      const session = await this.#live();
      if (session) {
        session.expiry.shorten(wanted);
        if (!session.expiry.ended()) return session.key;
        continue;
      }
      await this.#options.vault.requireLogin();
      this.#attempt ??= this.#startAttempt();
      const { waiters, wants } = this.#attempt;
      wants.set(caller, wanted);
      // Who has left has no say in the limits.
      await waiters.join(caller, wanted.waitMs).finally(() => wants.delete(caller));
    }
  }

  /** Takes over a key that was seen to open the vault, with the limits of the settings. */
  adopt(key: Secret): void {
    this.#open(key, this.#options.limits());
  }

  /** Renews the idle limit. */
  touch(): void {
    this.#session?.expiry.touch();
  }

  /** The session is in use as long as this process lives, up to its absolute limit. */
  hold(pid: number | undefined): void {
    if (pid !== undefined) this.#session?.holds.add(pid);
  }

  /** The key if there is a live session; never asks. */
  async peek(): Promise<Secret | undefined> {
    return (await this.#live())?.key;
  }

  left(): { idleLeftMs: number; maxLeftMs: number } | undefined {
    return this.#session?.expiry.left();
  }

  /** Ends the session. False where there was none. Throws lock-failed. */
  async lock(why: Exclude<SessionEnd, 'replaced'> = 'asked'): Promise<boolean> {
    const session = this.#session;
    if (session) this.#retire(session, why);
    await this.#locking.lockAll();
    const problem = this.problem();
    if (problem) throw failure('lock-failed', { problem });
    return session !== undefined;
  }

  /** Why the vault of an ended session is still open, if it is. */
  problem(): string | undefined {
    return this.#locking.problem();
  }

  /** The last word: refuses who waits, locks, and forgets even a key whose vault stays open. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#attempt?.waiters.reject(failure('daemon-gone'));
    await this.lock('stop').catch(() => {});
    await this.#locking.stop();
  }

  /** Ends a session that is past a limit; resolves when its vault is locked, or could not be. */
  async expire(): Promise<void> {
    if (this.#session?.expiry.ended()) await this.#locking.lockAll();
  }

  async #live(): Promise<Session | undefined> {
    const session = this.#session;
    if (!session || session.expiry.ended()) {
      // Nobody is answered while the vault of an ended session may still be open.
      if (this.#locking.open()) await this.#locking.lockAll();
      return undefined;
    }
    const { vault } = this.#options;
    const now = vault.stamp();
    if (now !== undefined && now === session.seen) return session;
    const verdict = await vault.check(session.key);
    // It may have ended while we looked.
    if (this.#session !== session || session.expiry.ended()) return await this.#live();
    if (verdict === 'live') {
      session.seen = now;
      return session;
    }
    // Somebody else's bw ended our key: the vault is theirs, only our copy goes.
    this.#forget(session, 'replaced');
    session.key.wipe();
    this.#lockedNow();
    return undefined;
  }

  #startAttempt() {
    const { clock, vault, limits } = this.#options;
    const waiters = createWaiters<void>(clock);
    const wants = new Map<Caller, Wanted>();
    const open = async () => {
      // Before the vault is open: settings that cannot be read must not leave it so.
      const { idleMs, maxMs } = limits();
      this.#options.onUnlocking?.();
      const key = await vault.unlock(waiters);
      // The shortest that anybody wants: longer limits are for who asks alone.
      const all = wants.size > 0 ? [...wants.values()] : [{}];
      this.#open(key, {
        idleMs: Math.min(...all.map((one: Wanted) => one.idleMs ?? idleMs)),
        maxMs: Math.min(...all.map((one: Wanted) => one.maxMs ?? maxMs)),
      });
    };
    // Begins after the first caller has joined.
    queueMicrotask(async () => {
      const failed = await open().then(() => undefined, toFailure);
      // Nobody may join a group that has been told its outcome.
      this.#attempt = undefined;
      if (failed) {
        this.#lockedNow();
        waiters.reject(failed);
      } else waiters.resolve();
    });
    return { waiters, wants };
  }

  #open(key: Secret, limits: Limits): void {
    const { clock, log, startOf, onOpen } = this.#options;
    const holds = createHolds(startOf);
    const before = this.#session;
    if (before) {
      this.#forget(before, 'replaced');
      before.key.wipe();
    }
    const session: Session = {
      key,
      holds,
      seen: undefined,
      expiry: startExpiry(clock, limits, holds.any, (why) => {
        this.#retire(session, why);
        this.#locking.lockAll();
      }),
    };
    this.#session = session;
    if (this.#stopped) return void this.lock('stop').catch(() => {});
    log.info('session opened', { idleMs: limits.idleMs, maxMs: limits.maxMs });
    onOpen?.();
  }

  #lockedNow(): void {
    if (!this.#session && !this.#attempt && !this.#locking.open()) this.#options.onLocked?.();
  }

  #forget(session: Session, why: SessionEnd): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    session.expiry.cancel();
    this.#options.log.info('session ended', { why });
    this.#options.onEnd?.(why);
  }

  // The key is no longer handed out from here on; it is kept only until the vault is locked.
  #retire(session: Session, why: SessionEnd): void {
    this.#forget(session, why);
    this.#locking.add(session.key);
  }
}
