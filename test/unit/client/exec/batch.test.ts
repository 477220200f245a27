import { expect, test } from 'vitest';
import { batchCall, isBatch } from '../../../../client/exec/batch.ts';

const FILE = 'C:\\Program Files\\nodejs\\bw.cmd';
const line = (...words: string[]) => batchCall(FILE, words, {}).args.at(-1);

test.each([
  ['bw.cmd', true],
  ['BW.BAT', true],
  ['bw.exe', false],
  ['bw', false],
])('%s is a batch file: %s', (file, expected) => {
  expect(isBatch(file)).toBe(expected);
});

test("it is run by the system's cmd.exe, whatever ComSpec says, and without AutoRun", () => {
  const { program, args } = batchCall(FILE, [], { SystemRoot: 'D:\\Win', ComSpec: 'evil.exe' });
  expect(program).toBe('D:\\Win\\System32\\cmd.exe');
  expect(args.slice(0, -1)).toEqual(['/d', '/e:on', '/v:off', '/s', '/c']);
  expect(args.at(-1)).toBe(`""${FILE}""`);
});

test.each([
  ['list', '"list"'],
  ['', '""'],
  ['a b & del *', '"a b & del *"'],
  ['say "hi"', '"say ""hi"""'],
  ['ends in \\', '"ends in \\\\"'],
  ['\\"', '"\\\\"""'],
  ['%PATH%', '"%%cd:~,%PATH%%cd:~,%"'],
  ['!x! ^ |', '"!x! ^ |"'],
])('the word %j is written as %s', (word, written) => {
  expect(line(word)).toBe(`""${FILE}" ${written}"`);
});

test('a word with a line break, which would end the line, is refused', () => {
  expect(() => line('a\nb')).toThrow('line break');
  expect(() => line('a\rb')).toThrow('line break');
});
