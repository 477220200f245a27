import { expect, test } from 'vitest';
import { createScreen } from '../../../client/screen.ts';

const ESC = '\u001b';

test('what prompts are made of passes as it is', () => {
  const prompt = [
    `${ESC}[32m?${ESC}[39m ${ESC}[1mMaster password:${ESC}[22m `,
    `${ESC}[2K${ESC}[G`,
    `${ESC}[?25l${ESC}[1A${ESC}[0;32m\u0007\b\r\n\t`,
    `${ESC}[?25h`,
    'Grüße 🗝',
  ];
  const screen = createScreen();
  expect(prompt.map(screen)).toEqual(prompt);
});

test.each([
  ['a title', `${ESC}]0;root@prod\u0007`],
  ['the clipboard', `${ESC}]52;c;cm0gLXJmIC8=${ESC}\\`],
  ['a question that the terminal types the answer to', `${ESC}[6n`],
  ['its name', `${ESC}[c`],
  ['its title, typed', `${ESC}[21t`],
  ['a reset', `${ESC}c`],
  ['another mode', `${ESC}[?1049h`],
  ['a device string', `${ESC}P$q"p${ESC}\\`],
])('%s does not, in one piece or byte by byte', (_, sequence) => {
  const text = `one ${sequence}two`;
  expect(createScreen()(text)).toBe('one two');
  const screen = createScreen();
  expect([...text].map(screen).join('')).toBe('one two');
});

test('controls of one character, and what reorders text, leave a mark', () => {
  expect(createScreen()('a\u009b31m\u0000\u202eb\u000b')).toBe('a?31m??b?');
});

test('a sequence without an end is not waited for for ever', () => {
  const screen = createScreen();
  expect(screen(`${ESC}]0;`)).toBe('');
  expect(screen('x'.repeat(5_000))).toBe(`0;${'x'.repeat(5_000)}`);
  expect(screen(' and on')).toBe(' and on');
});
