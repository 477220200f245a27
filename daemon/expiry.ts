/**
 * A deadline on every clock there is. Sleep stops the monotonic clock, people and NTP move the wall
 * clock; the clock that ran furthest counts, so a limit can come early but never late.
 */
import type { Clock } from './system/clock.ts';

/** A wall clock that falls this far behind the others was set back to win time; NTP's steps are small. */
const STEP_BACK_MS = 60_000;
/** How long a timer may sleep before it looks at all clocks again: a jump is noticed within this. */
const LOOK_AGAIN_MS = 15_000;

/** Why a session ended by itself. */
export type Ending = 'idle' | 'max' | 'clock';
/** Why a session ended. `replaced`: another program's bw has ended it. */
export type SessionEnd = Ending | 'asked' | 'stop' | 'logout' | 'replaced';

export interface Limits {
  readonly idleMs: number;
  readonly maxMs: number;
}

export interface Expiry {
  /** Renews the idle limit. */
  touch(): void;
  /** Makes limits shorter, never longer: only a password opens a longer session. */
  shorten(limits: { idleMs?: number | undefined; maxMs?: number | undefined }): void;
  /** Set once a limit has passed. */
  ended(): Ending | undefined;
  /** What is left in ms, never below 0. */
  left(): { idleLeftMs: number; maxLeftMs: number };
  cancel(): void;
}

/**
 * Starts both limits now; `onEnd` is called once, by the timer or by the look that finds the end. At each
 * look that finds it `held` the idle limit begins anew.
 */
export function startExpiry(
  clock: Clock,
  limits: Limits,
  held: () => boolean,
  onEnd: (why: Ending) => void,
): Expiry {
  let { idleMs, maxMs } = limits;
  const start = read(clock);
  let lastUse = start;
  let ending: Ending | undefined;
  let cancelTimer = () => {};

  const find = (): Ending | undefined => {
    const now = read(clock);
    if (steppedBack(start, now)) return 'clock';
    if (elapsedMs(start, now) >= maxMs) return 'max';
    if (held()) lastUse = now;
    return elapsedMs(lastUse, now) >= idleMs ? 'idle' : undefined;
  };
  const look = (): Ending | undefined => {
    if (ending) return ending;
    ending = find();
    if (ending) {
      cancelTimer();
      onEnd(ending);
    }
    return ending;
  };
  const left = () => {
    const now = read(clock);
    return {
      idleLeftMs: Math.max(
        0,
        Math.min(idleMs - elapsedMs(lastUse, now), maxMs - elapsedMs(start, now)),
      ),
      maxLeftMs: Math.max(0, maxMs - elapsedMs(start, now)),
    };
  };
  const arm = () => {
    cancelTimer();
    cancelTimer = clock.after(Math.min(left().idleLeftMs, LOOK_AGAIN_MS), () => {
      if (!look()) arm();
    });
  };
  arm();

  return {
    touch() {
      if (look()) return;
      lastUse = read(clock);
      arm();
    },
    shorten(to) {
      idleMs = Math.min(idleMs, to.idleMs ?? idleMs);
      maxMs = Math.min(maxMs, to.maxMs ?? maxMs);
      if (!look()) arm();
    },
    ended: look,
    left,
    cancel: () => cancelTimer(),
  };
}

interface Reading {
  readonly monotonicMs: number;
  readonly bootMs: number;
  readonly wallMs: number;
}

function read(clock: Clock): Reading {
  return {
    monotonicMs: clock.monotonicMs(),
    bootMs: clock.bootMs(),
    wallMs: clock.wallMs(),
  };
}

function elapsedMs(from: Reading, to: Reading): number {
  return Math.max(
    to.monotonicMs - from.monotonicMs,
    to.bootMs - from.bootMs,
    to.wallMs - from.wallMs,
  );
}

function steppedBack(from: Reading, to: Reading): boolean {
  const others = Math.max(to.monotonicMs - from.monotonicMs, to.bootMs - from.bootMs);
  return others - (to.wallMs - from.wallMs) > STEP_BACK_MS;
}
