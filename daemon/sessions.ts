/**
 * One profile's session: logged-out → locked → unlocked → ended. The key is checked at each use, and
 * a key that may be dead is never handed out.
 */
import { failure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import { type Attempt, startAttempt, type Wanted } from './attempt.ts';
import type { Caller } from './caller.ts';
import { type Expiry, type Limits, type SessionEnd, startExpiry } from './expiry.ts';
import { createHolds, type Holds, type StartOf } from './holds.ts';
import { createLocking, type Locking } from './locking.ts';
import type { Log } from './log.ts';
import type { SessionVault } from './session-vault.ts';
import type { Clock } from './system/clock.ts';

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
  #attempt: Attempt | undefined;
  /** Works of `adopt` that are under way. */
  #adopting = 0;
  /** Counts the calls of `lock`: what was under way at one must not open the vault after it. */
  #locks = 0;
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

  /**
   * The live key, after asking for the password where there is none. The caller must not keep it. Throws
   * prompt-cancelled where the vault is locked meanwhile, and daemon-gone after `stop`.
   */
  async get(caller: Caller, wanted: Wanted): Promise<Secret> {
    for (;;) {
      this.#requireServed();
      const session = await this.#live();
      if (session) {
        session.expiry.shorten(wanted);
        if (!session.expiry.ended()) return session.key;
        continue;
      }
      await this.#options.vault.requireLogin();
      this.#requireServed();
      this.#attempt ??= this.#startAttempt();
      if (this.#attempt.wasCut) await this.#attempt.over;
      else await this.#attempt.join(caller, wanted);
    }
  }

  /**
   * Does `work`, which may open the vault, and takes over the key that it gives, with the limits of the
   * settings; one that comes after the vault was locked ends at once. Throws daemon-gone after `stop`.
   */
  async adopt(work: () => Promise<Secret | undefined>): Promise<void> {
    this.#requireServed();
    const { limits, onUnlocking } = this.#options;
    const [atMost, locks] = [limits(), this.#locks];
    this.#adopting += 1;
    onUnlocking?.();
    try {
      const key = await work();
      if (key && this.#locks === locks) this.#open(key, atMost);
      else if (key) await this.#drop(key);
    } finally {
      this.#adopting -= 1;
      this.#lockedNow();
    }
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

  /** Ends the session, and an unlock that is under way. False where there was none. Throws lock-failed. */
  async lock(why: Exclude<SessionEnd, 'replaced'> = 'asked'): Promise<boolean> {
    const session = this.#session;
    if (session) this.#retire(session, why);
    this.#locks += 1;
    const reason = failure(this.#stopped ? 'daemon-gone' : 'prompt-cancelled');
    const [cut] = await Promise.all([this.#attempt?.cut(reason), this.#locking.lockAll()]);
    const problem = this.problem();
    if (problem) throw failure('lock-failed', { problem });
    return session !== undefined || cut === true;
  }

  /** A session is open, or may be at any moment. */
  busy(): boolean {
    return this.#session !== undefined || this.#attempt !== undefined || this.#adopting > 0;
  }

  /** Why the vault of an ended session is still open, if it is. */
  problem(): string | undefined {
    return this.#locking.problem();
  }

  /**
   * The last word: refuses who waits, locks, and forgets even a key whose vault stays open. Once more
   * for a key that came since, by what was under way in `adopt`. Gives why the vault stays open, if it does.
   */
  async stop(): Promise<string | undefined> {
    this.#stopped = true;
    await this.lock('stop').catch(() => {});
    return await this.#locking.stop();
  }

  /**
   * Ends a session that is past a limit; resolves when its vault is locked, or could not be, also where
   * its timer came first. What could not be locked then is tried again without anybody waiting.
   */
  async expire(): Promise<void> {
    this.#session?.expiry.ended();
    if (this.#locking.untried()) await this.#locking.lockAll();
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

  #requireServed(): void {
    if (this.#stopped) throw failure('daemon-gone');
  }

  #startAttempt(): Attempt {
    const { clock, vault, limits, onUnlocking } = this.#options;
    return startAttempt({
      clock,
      limits,
      unlock: async (waiters, cut) => {
        onUnlocking?.();
        return await vault.unlock(waiters, cut);
      },
      open: (key, atMost) => this.#open(key, atMost),
      drop: (key) => this.#drop(key),
      onEnd: (failed) => {
        // Nobody may join a group that has been told its outcome.
        this.#attempt = undefined;
        if (failed) this.#lockedNow();
      },
    });
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
    log.info('session opened', { idleMs: limits.idleMs, maxMs: limits.maxMs });
    onOpen?.();
  }

  #lockedNow(): void {
    if (this.busy() || this.#locking.open()) return;
    this.#options.onLocked?.();
  }

  async #drop(key: Secret): Promise<void> {
    this.#options.log.info('session not opened, as the vault was locked meanwhile');
    this.#locking.add(key);
    await this.#locking.lockAll();
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
