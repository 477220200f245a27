import { expect, test } from 'vitest';
import { merge } from '../../../../daemon/vault/merge.ts';

test('what each side changed alone is in the result', () => {
  const base = { a: 1, b: { x: 1 }, c: 3, d: 4 };
  const ours = { a: 2, b: { x: 1 }, d: 4, e: 'new' };
  const theirs = { a: 1, b: { x: 2 }, c: 3, f: 'new' };
  expect(merge(base, ours, theirs)).toEqual({
    merged: { a: 2, b: { x: 2 }, e: 'new', f: 'new' },
  });
});

test('a key that both changed differently is a conflict, and every one is named', () => {
  expect(merge({ a: 1, b: 1, c: 1 }, { a: 2, b: 2, c: 1 }, { a: 3, b: 3, c: 2 })).toEqual({
    conflict: ['a', 'b'],
  });
});

test('a key that one side removed and the other changed is a conflict', () => {
  expect(merge({ a: 1 }, {}, { a: 2 })).toEqual({ conflict: ['a'] });
  expect(merge({ a: 1 }, { a: 2 }, {})).toEqual({ conflict: ['a'] });
});

test('a key that both added differently is a conflict', () => {
  expect(merge({}, { a: 1 }, { a: 2 })).toEqual({ conflict: ['a'] });
});

test('the same change on both sides is no conflict', () => {
  expect(merge({ a: 1, b: 1 }, { a: { x: [1] } }, { a: { x: [1] } })).toEqual({
    merged: { a: { x: [1] } },
  });
});

test('null and absent are the same', () => {
  expect(merge({ a: null, b: 1 }, { b: 2 }, { a: 5, b: 1 })).toEqual({ merged: { a: 5, b: 2 } });
  expect(merge({ a: 1, b: 1 }, { a: null, b: 1 }, { b: 2 })).toEqual({ merged: { b: 2 } });
});

test('their file as it is when the run changed nothing, ours when they changed nothing', () => {
  const theirs = { a: 2, stateVersion: 86 };
  expect(merge({ a: 1 }, { a: 1 }, theirs)).toEqual({ merged: theirs });
  expect(merge({ a: 1 }, theirs, { a: 1 })).toEqual({ merged: theirs });
});

test('nothing is merged across two layouts', () => {
  const base = { stateVersion: 70, a: 1, b: 1 };
  expect(merge(base, { ...base, stateVersion: 85, a: 2 }, { ...base, b: 2 })).toEqual({
    conflict: ['stateVersion'],
  });
  expect(merge(base, { ...base, a: 2 }, { ...base, stateVersion: 85, b: 2 })).toEqual({
    conflict: ['stateVersion'],
  });
});

test('nothing is merged across a logout by somebody else', () => {
  const base = { global_account_activeAccountId: 'u', token: 'old', other: 1 };
  const theirs = { token: 'old', other: 2 };
  expect(merge(base, { ...base, token: 'new' }, theirs)).toEqual({
    conflict: ['global_account_activeAccountId'],
  });
});

test('a key named __proto__ is a key like any other', () => {
  const ours = JSON.parse('{"__proto__": {"x": 1}, "b": 1}') as Record<string, unknown>;
  const outcome = merge({ b: 1 }, ours, { b: 2 });
  expect(JSON.stringify(outcome)).toBe('{"merged":{"b":2,"__proto__":{"x":1}}}');
});
