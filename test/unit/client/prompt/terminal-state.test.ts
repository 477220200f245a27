import { expect, test } from 'vitest';
import { parseStat } from '../../../../client/prompt/terminal-state.ts';

/** /proc/self/stat of a program `name` in process group 200. */
function stat(name: string, device: number, foreground: number): string {
  return `200 (${name}) R 100 200 100 ${device} ${foreground} 4194304 98 0 0 0\n`;
}

test('a program in the foreground of its terminal can be asked', () => {
  expect(parseStat(stat('node', (136 << 8) | 3, 200))).toEqual({ state: 'ready', label: 'pts/3' });
});

test('one that is behind another in the same terminal cannot', () => {
  expect(parseStat(stat('node', (136 << 8) | 3, 100))).toEqual({
    state: 'background',
    label: 'pts/3',
  });
});

test('one without a terminal cannot, and is not called one', () => {
  const label = 'a program without a terminal';
  expect(parseStat(stat('node', 0, -1))).toEqual({ state: 'none', label });
});

test('a name that looks like the fields after it changes nothing', () => {
  expect(parseStat(stat('a) R 1 1 1 0 -1', (4 << 8) | 1, 200))).toEqual({
    state: 'ready',
    label: 'tty1',
  });
});

test.each([
  [(136 << 8) | 255, 'pts/255'],
  [(137 << 8) | 1, 'pts/257'],
  // The kernel's way to write a minor above 255: its upper bits stand above the major.
  [(136 << 8) | (1 << 20) | 7, 'pts/263'],
  [(4 << 8) | 64, 'ttyS0'],
  [(229 << 8) | 0, 'another terminal'],
])('device %i is called %s', (device, label) => {
  expect(parseStat(stat('node', device, 200))?.label).toBe(label);
});

test.each(['', 'nonsense', '200 (node) R 100', stat('node', Number.NaN, 200)])(
  'text that is not understood gives no answer: %j',
  (text) => {
    expect(parseStat(text)).toBeUndefined();
  },
);
