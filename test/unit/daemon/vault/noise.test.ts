import { expect, test } from 'vitest';
import { settleNoise } from '../../../../daemon/vault/noise.ts';
import { SLOT_KEY, USER } from './samples.ts';

const [ours, theirs] = ['2026-03-01T10:00:01.000Z', '2026-03-01T10:00:02.000Z'];

test('of two syncs the earlier time stays, so that no news is missed', () => {
  const key = `user_${USER}_sync_lastSync`;
  expect(settleNoise(key, ours, theirs)).toBe(ours);
  expect(settleNoise(key, theirs, ours)).toBe(ours);
});

test('a time that is none stays a conflict', () => {
  expect(settleNoise(`user_${USER}_sync_lastSync`, undefined, theirs)).toBeUndefined();
});

test('what is to be cleared is the union of both', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((key) => ({ state: 's', key, location: 'disk' }));
  expect(settleNoise('global_clearEvent_logout', [a, b], [c, { ...a }])).toEqual([c, a, b]);
  expect(settleNoise('global_clearEvent_logout', null, [c])).toBeUndefined();
});

test.each([
  `user_${USER}_ciphers_ciphers`,
  `user_${USER}_token_accessToken`,
  `user_${USER}_token_refreshToken`,
  SLOT_KEY,
  'stateVersion',
  'global_environment_environment',
])('%s is never noise', (key) => {
  expect(settleNoise(key, ours, theirs)).toBeUndefined();
});
