import { describe, expect, test } from 'vitest';
import { type Key, Line } from '../../../../client/prompt/line.ts';
import { SECRET_BYTES } from '../../../../shared/limits.ts';

/** What the line holds after the keys, given in the chunks in which they arrived. */
function typed(...chunks: (string | Buffer)[]): string {
  const line = new Line();
  for (const chunk of chunks) press(line, chunk);
  return line.take().reveal();
}

function press(line: Line, chunk: string | Buffer): Key | undefined {
  let last: Key | undefined;
  for (const byte of Buffer.from(chunk)) last = line.push(byte) ?? last;
  line.pause();
  return last;
}

test.each([
  ['one character of each length in UTF-8', 'aé€🐎\x7f\x7f\x7f', 'a'],
  ['one with the other erasing key', 'ab\x08', 'a'],
  ['no more than there is', 'a\x7f\x7f\x7fb', 'b'],
  ['a word and the blanks after it', 'one  två  \x17', 'one  '],
  ['a word that starts the line', 'ünö\x17b', 'b'],
  ['the whole line', 'one two\x15b', 'b'],
])('erases %s', (_, keys, line) => {
  expect(typed(keys)).toBe(line);
});

test('a character may arrive in pieces', () => {
  const horse = Buffer.from('🐎');
  expect(typed(horse.subarray(0, 1), horse.subarray(1, 3), horse.subarray(3))).toBe('🐎');
});

describe('leaves no trace of', () => {
  test.each([
    ['a cursor key', '\x1b[A'],
    ['a cursor key in application mode', '\x1bOA'],
    ['a key with modifiers', '\x1b[1;5D'],
    ['a function key of the Linux console', '\x1b[[A'],
    ['the marks around a paste', '\x1b[200~\x1b[201~'],
    ['an answer of the terminal about its colours', '\x1b]11;rgb:00/00/00\x07'],
    ['the same, ended otherwise', '\x1b]11;rgb:00/00/00\x1b\\'],
    ['a key pressed with Alt', '\x1bx'],
    ['other control characters', '\x00\x01\x05\x09\x0b\x16'],
  ])('%s', (_, keys) => {
    expect(typed(`a${keys}b`)).toBe('ab');
  });
});

test('a sequence may arrive in pieces', () => {
  expect(typed('a\x1b', '[', '1;5', 'Db')).toBe('ab');
});

test('the Escape key by itself does not swallow the next key', () => {
  expect(typed('a\x1b', 'b')).toBe('ab');
});

test.each(['\x1b[12', '\x1bO', '\x1b]11;', '\x1b'])('a control key ends a broken %j', (broken) => {
  expect(press(new Line(), `${broken}\x03`)).toBe('interrupt');
  expect(press(new Line(), `${broken}\r`)).toBe('enter');
});

test.each([
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\x03', 'interrupt'],
  ['\x1c', 'interrupt'],
  ['\x04', 'end'],
  ['\x1a', 'suspend'],
] as const)('%j means %s', (key, meaning) => {
  expect(press(new Line(), key)).toBe(meaning);
});

test('Ctrl-D means nothing once something is typed', () => {
  expect(press(new Line(), 'a\x04')).toBe('edit');
});

test('the longest secret fits', () => {
  expect(typed('x'.repeat(SECRET_BYTES))).toHaveLength(SECRET_BYTES);
});

test('a longer one is refused and not cut short', () => {
  const line = new Line();
  expect(press(line, 'x'.repeat(SECRET_BYTES + 1))).toBe('full');
  expect(() => line.take()).toThrow('longer than 4096 bytes');
});

test('a longer one can be started over', () => {
  expect(typed(`${'x'.repeat(SECRET_BYTES + 1)}\x15short`)).toBe('short');
});

test('what is not UTF-8 is refused, as it would arrive changed', () => {
  expect(() => typed(Buffer.from([0x61, 0xe4, 0x62]))).toThrow('not UTF-8');
});

test('random keys never break it', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed >> 16;
  };
  for (let round = 0; round < 300; round++) {
    const line = new Line();
    // Mostly keys that edit, as random bytes seldom erase.
    const keys = Array.from({ length: 60 }, () => (random() % 3 ? random() & 0xff : 0x17));
    press(line, Buffer.from(keys));
    const before = line.shown();
    expect(before.length).toBeLessThanOrEqual(60);
    press(line, '\r\x15');
    expect(line.empty).toBe(true);
  }
});
