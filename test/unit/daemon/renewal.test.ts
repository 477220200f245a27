import { expect, test } from 'vitest';
import { createRenewal } from '../../../daemon/renewal.ts';
import { failure } from '../../../shared/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { settle } from '../../support/stand-in-caller.ts';

const MINUTE = 60_000;
const log = { info() {}, warn() {}, debug() {} };

function start(tokenMs: number) {
  const clock = manualClock();
  const state = { expiresAtMs: clock.wallMs() + tokenMs, renewals: 0, broken: false };
  const renewal = createRenewal({
    clock,
    log,
    tokenExpiresAtMs: async () => state.expiresAtMs,
    async renew() {
      if (state.broken) throw failure('server-unreachable', { problem: 'refused' });
      state.renewals += 1;
      state.expiresAtMs = clock.wallMs() + tokenMs;
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
