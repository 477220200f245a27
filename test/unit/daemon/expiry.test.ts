import { expect, test } from 'vitest';
import { startExpiry } from '../../../daemon/expiry.ts';
import { manualClock } from '../../support/manual-clock.ts';

const MINUTE = 60_000;

function start(limits = { idleMs: 15 * MINUTE, maxMs: 60 * MINUTE }) {
  const clock = manualClock();
  const endings: string[] = [];
  const hold = { held: false };
  const expiry = startExpiry(
    clock,
    limits,
    () => hold.held,
    (why) => endings.push(why),
  );
  return { clock, expiry, endings, hold };
}

test('ends by itself when it was not used for the idle limit', () => {
  const { clock, endings } = start();
  clock.advance(15 * MINUTE - 1);
  expect(endings).toEqual([]);
  clock.advance(1);
  expect(endings).toEqual(['idle']);
});

test('use renews the idle limit but not the absolute one', () => {
  const { clock, expiry, endings } = start();
  for (let used = 0; used < 5; used += 1) {
    clock.advance(10 * MINUTE);
    expiry.touch();
  }
  expect(endings).toEqual([]);
  expect(expiry.left()).toEqual({ idleLeftMs: 10 * MINUTE, maxLeftMs: 10 * MINUTE });
  clock.advance(10 * MINUTE);
  expect(endings).toEqual(['max']);
});

test('ends only once, and tells why ever after', () => {
  const { clock, expiry, endings } = start();
  clock.advance(20 * MINUTE);
  clock.advance(60 * MINUTE);
  expect(expiry.ended()).toBe('idle');
  expect(endings).toEqual(['idle']);
});

test('a machine that slept past a limit ends it at the first look, before any timer', () => {
  const { clock, expiry } = start();
  clock.suspend(16 * MINUTE);
  expect(expiry.ended()).toBe('idle');
});

test('a wall clock that jumps ahead ends it at the first look', () => {
  const { clock, expiry } = start();
  clock.stepWall(13 * 60 * MINUTE);
  expect(expiry.ended()).toBe('max');
});

test('a wall clock set back by two days ends it', () => {
  const { clock, expiry } = start();
  clock.stepWall(-48 * 60 * MINUTE);
  expect(expiry.ended()).toBe('clock');
});

test('a step of five seconds, either way, ends nothing', () => {
  const { clock, expiry } = start();
  clock.stepWall(5_000);
  expect(expiry.ended()).toBeUndefined();
  clock.stepWall(-10_000);
  expect(expiry.ended()).toBeUndefined();
});

test('limits become shorter, never longer', () => {
  const { clock, expiry, endings } = start();
  expiry.shorten({ idleMs: 99 * MINUTE, maxMs: 99 * MINUTE });
  expect(expiry.left().idleLeftMs).toBe(15 * MINUTE);
  expiry.shorten({ idleMs: MINUTE });
  clock.advance(MINUTE);
  expect(endings).toEqual(['idle']);
});

test('while it is held the idle limit stands still, and begins when nobody holds it any more', () => {
  const { clock, endings, hold } = start();
  hold.held = true;
  clock.advance(40 * MINUTE);
  hold.held = false;
  // Noticed at most 15 s ago.
  clock.advance(14 * MINUTE);
  expect(endings).toEqual([]);
  clock.advance(MINUTE);
  expect(endings).toEqual(['idle']);
});

test('the absolute limit ends it however long it is held', () => {
  const { clock, endings, hold } = start();
  hold.held = true;
  clock.advance(60 * MINUTE - 1);
  expect(endings).toEqual([]);
  clock.advance(1);
  expect(endings).toEqual(['max']);
});

test('a machine that slept while it was held has not let it expire, but for the absolute limit', () => {
  const { clock, expiry, hold } = start();
  hold.held = true;
  clock.suspend(30 * MINUTE);
  expect(expiry.ended()).toBeUndefined();
  clock.suspend(30 * MINUTE);
  expect(expiry.ended()).toBe('max');
});

test('a cancelled one leaves no timer', () => {
  const { clock, expiry } = start();
  expiry.cancel();
  expect(clock.timers).toBe(0);
});
