import { expect, test } from 'vitest';
import { harmless, printable, shownJson } from '../../../shared/text.ts';

test.each([
  ['plain words stay', 'Invalid master password.', 'Invalid master password.'],
  ['other scripts stay', 'Ünïcödé 日本語 🦊 عربي', 'Ünïcödé 日本語 🦊 عربي'],
  ['several lines become one', '  a\r\n\tb\u2028c\u00a0 d\n', 'a b c d'],
  ['colours go', '\u001b[1;31mred\u001b[0m', 'red'],
  ['a cleared screen goes', 'a\u001b[2J\u001b[Hb', 'ab'],
  ['a window title goes', '\u001b]0;evil\u0007a\u001b]0;evil\u001b\\b', 'ab'],
  ['a link goes, its text stays', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
  ['a terminal query goes', 'a\u001bP+q544e\u001b\\b', 'ab'],
  ['a reset goes', 'a\u001bcb\u001b(Bc\u001b7d', 'abcd'],
  ['an unfinished title does not swallow the rest', '\u001b]0;the reason', '0;the reason'],
  ['an unfinished sequence loses its escape', 'a\u001b[31', 'a31'],
  ['a lone escape is shown', 'a\u001b', 'a?'],
  ['a sequence made by removing another is none', '\u001b\u001b[31m[31mred', '?[31mred'],
  ['the one-byte CSI is shown', 'a\u009b31mb', 'a?31mb'],
  ['bell and backspace are shown', 'a\u0007b\u0008c\u007f', 'a?b?c?'],
  ['reordered text is shown', 'a\u202egpj.exe\u2066', 'a?gpj.exe?'],
  ['hidden text is shown', 'a\u200bb\u00adc\u{e0041}d\u180ee\u3164f', 'a?b?c?d?e?f'],
  ['half a pair is shown', 'a\ud83eb\udd8ac', 'a?b?c'],
])('%s', (_, foreign, shown) => {
  expect(printable(foreign)).toBe(shown);
});

test('300 characters stay, more are cut and marked', () => {
  expect(printable('x'.repeat(300))).toBe('x'.repeat(300));
  expect(printable('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
  expect(printable('x'.repeat(5_000))).toHaveLength(300);
});

test('a cut never leaves half a character', () => {
  const cut = printable('🦊'.repeat(200));
  expect(cut).toBe(`${'🦊'.repeat(149)}…`);
  expect(printable(`x${'🦊'.repeat(200)}`)).toBe(`x${'🦊'.repeat(149)}…`);
});

test('lines of our own lose what acts in them, and neither their length nor their ends', () => {
  const long = 'x'.repeat(5_000);
  expect(harmless(`a\u001b[31mb\u009b2m\u202e  c\n${long}\n`)).toBe(`ab?2m?  c\n${long}\n`);
});

test('JSON is the same value, with what acts escaped', () => {
  const value = { a: ['\u001b[31m', '\u009b2m\u202e', '\u{e0041}', 'ö🦊"\\\n'] };
  for (const indent of [undefined, 2]) {
    const json = shownJson(value, indent);
    expect(JSON.parse(json)).toEqual(value);
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(json).toContain('ö🦊');
  }
});

test('whatever goes in, nothing comes out that moves a cursor, and a second pass changes nothing', () => {
  const pieces = ['\u001b', '[', ']', '0', ';', 'm', '\u0007', '\\', 'P', '\u009b', '\n', '\u202e'];
  // A fixed sequence, so that a failure can be repeated.
  let seed = 1;
  const next = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return pieces[seed % pieces.length] ?? '';
  };
  for (let round = 0; round < 2_000; round += 1) {
    const shown = printable(Array.from({ length: 24 }, next).join(''));
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(printable(shown)).toBe(shown);
  }
});
