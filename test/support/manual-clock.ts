import type { Clock } from '../../daemon/system/clock.ts';

/** A clock that stands still until a test moves it; timers fire in order as time passes them. */
export interface ManualClock extends Clock {
  /** Moves all clocks. */
  advance(ms: number): void;
  /** Moves only the wall clock, as NTP or a person does. */
  stepWall(ms: number): void;
  /** Time passes while the machine sleeps: the monotonic clock and the timers stand still. */
  suspend(ms: number): void;
  /** How many timers are set. */
  readonly timers: number;
}

export function manualClock(): ManualClock {
  const now = { monotonic: 1_000, boot: 5_000, wall: Date.UTC(2026, 0, 1) };
  const timers = new Set<{ atMs: number; then: () => void }>();
  return {
    monotonicMs: () => now.monotonic,
    bootMs: () => now.boot,
    wallMs: () => now.wall,
    after(ms, then) {
      const timer = { atMs: now.monotonic + Math.max(ms, 0), then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now.monotonic + ms;
      for (;;) {
        const [next] = [...timers].filter((t) => t.atMs <= end).sort((a, b) => a.atMs - b.atMs);
        const to = next ? next.atMs : end;
        const step = to - now.monotonic;
        now.monotonic += step;
        now.boot += step;
        now.wall += step;
        if (!next) return;
        timers.delete(next);
        next.then();
      }
    },
    stepWall(ms) {
      now.wall += ms;
    },
    suspend(ms) {
      now.boot += ms;
      now.wall += ms;
    },
    get timers() {
      return timers.size;
    },
  };
}
