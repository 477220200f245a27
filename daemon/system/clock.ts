import { uptime } from 'node:os';

/** A longer setTimeout fires at once; whoever needs more looks at the clock when it fires. */
const LONGEST_TIMER_MS = 24 * 24 * 3_600_000;

/** Time, passed in everywhere so that tests own it. All readings in ms. */
export interface Clock {
  /** Never steps, may stop while the machine sleeps. */
  monotonicMs(): number;
  /** Time since boot, counts sleep where the system does. */
  bootMs(): number;
  /** Time of day, may step. */
  wallMs(): number;
  /** Calls `then` once after `ms`; the result cancels it. Does not keep the process alive. */
  after(ms: number, then: () => void): () => void;
}

/** The machine's own clocks. */
export function systemClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    // Counts suspend on Linux, unlike the monotonic clock.
    bootMs: () => uptime() * 1_000,
    wallMs: () => Date.now(),
    after(ms, then) {
      const timer = setTimeout(then, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
