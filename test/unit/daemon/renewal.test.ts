import { expect, test } from 'vitest';
import { createRenewal } from '../../../daemon/renewal.ts';
import { failure } from '../../../shared/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { settle } from '../../support/stand-in-caller.ts';

const MINUTE = 60_000;
const log = { info() {}, warn() {}, debug() {} };

function start(tokenMs: number) {
  const clock = manualClock();
  const state = {
    expiresAtMs: clock.wallMs() + tokenMs,
    renewals: 0,
    tries: 0,
    broken: false,
    refused: false,
    /** The sync brings no new token. */
    stale: false,
  };
  const renewal = createRenewal({
    clock,
    log,
    tokenExpiresAtMs: async () => state.expiresAtMs,
    async renew() {
      state.tries += 1;
      if (state.refused) throw failure('wrong-client-secret');
      if (state.broken) throw failure('server-unreachable', { problem: 'refused' });
      state.renewals += 1;
      if (!state.stale) state.expiresAtMs = clock.wallMs() + tokenMs;
    },
  });
  renewal.start();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      clock.advance(Math.min(1_000, ms - passed));
      await settle();
    }
  };
  return { clock, state, renewal, pass };
}

test('renews a token of an hour before bw would, which is five minutes before its end', async () => {
  const { state, pass } = start(60 * MINUTE);
  await pass(49 * MINUTE);
  expect(state.renewals).toBe(0);
  await pass(4 * MINUTE);
  expect(state.renewals).toBe(1);
  await pass(60 * MINUTE);
  expect(state.renewals).toBe(2);
});

test('renews a token that bw takes for usable only ten seconds within these', async () => {
  const { state, pass } = start(5 * MINUTE + 10_000);
  await pass(9_000);
  expect(state.renewals).toBe(1);
});

test('a failure is told, and tried again until it works', async () => {
  const { state, renewal, pass } = start(10 * MINUTE);
  state.broken = true;
  await pass(6 * MINUTE);
  expect(renewal.problem()).toContain('cannot be reached');
  state.broken = false;
  await pass(2 * MINUTE);
  expect(state.renewals).toBe(1);
  expect(renewal.problem()).toBeUndefined();
});

test('a renewal that is still at work when it is stopped and started anew does not go on beside it', async () => {
  const { state, renewal, pass } = start(5 * MINUTE + 10_000);
  for (let times = 0; times < 3; times += 1) {
    renewal.stop();
    renewal.start();
  }
  await pass(9_000);
  expect(state.renewals).toBe(1);
});

test('stopped, it renews nothing more', async () => {
  const { state, renewal, pass } = start(10 * MINUTE);
  renewal.stop();
  await pass(30 * MINUTE);
  expect(state.renewals).toBe(0);
});

test('a sync that brings no newer token, or one that bw cannot use, is made once a minute', async () => {
  const { state, pass } = start(10 * MINUTE);
  state.stale = true;
  await pass(10 * MINUTE);
  expect(state.tries).toBeLessThan(10);
  const short = start(5 * MINUTE);
  await short.pass(10 * MINUTE);
  expect(short.state.tries).toBeLessThan(12);
});

test('a refused API key is not tried again until somebody sees to it', async () => {
  const { state, renewal, pass } = start(10 * MINUTE);
  state.refused = true;
  await pass(60 * MINUTE);
  expect(state.tries).toBe(1);
  expect(renewal.problem()).toContain('refused');
  state.refused = false;
  renewal.start();
  await pass(MINUTE);
  expect(state.renewals).toBe(1);
  expect(renewal.problem()).toBeUndefined();
  // Another key that is refused too, and a sync by hand with the right one.
  state.refused = true;
  await pass(10 * MINUTE);
  expect(state.tries).toBe(3);
  state.refused = false;
  state.expiresAtMs += 20 * MINUTE;
  await pass(25 * MINUTE);
  expect(state.renewals).toBeGreaterThan(1);
});
