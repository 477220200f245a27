import { expect, test } from 'vitest';
import { parseDuration, showDuration } from '../../../shared/duration.ts';

test.each([
  ['1s', 1_000],
  ['90s', 90_000],
  ['15m', 900_000],
  ['8h', 28_800_000],
  ['2d', 172_800_000],
  ['1h30m', 5_400_000],
  ['1d2h3m4s', 93_784_000],
  ['30d', 2_592_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  '',
  '0s',
  '15',
  'm',
  '-1m',
  '1.5h',
  '15 m',
  '15M',
  '500ms',
  '1w',
  '30m1h',
  '1h1h',
  '30d1s',
  '12345678s',
  '1m\n',
  '٣m',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  [0, '0s'],
  [400, '0s'],
  [-5_000, '0s'],
  [999, '1s'],
  [59_400, '59s'],
  [59_600, '1m'],
  [60_000, '1m'],
  [843_000, '14m 3s'],
  [28_740_000, '7h 59m'],
  [28_799_999, '8h'],
  [3_600_000 + 5_000, '1h'],
  [93_784_000, '1d 2h'],
])('%d ms reads %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});
