/** Longest piece of foreign text that is shown, in characters: one line of a wide terminal. */
const SHOWN_CHARACTERS = 300;

/**
 * Controls, what reorders or hides text on a terminal (Unicode's format characters, and the letters
 * that are drawn as nothing), and halves of a pair.
 */
export const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;

/**
 * CSI; OSC and the other strings with an end of their own; the short sequences. Dropped whole, so
 * that no "[31m" is left behind.
 */
export const ESCAPE_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-~])/g;

/** The text without what only moves a cursor or colours it. */
export function withoutEscapes(foreign: string): string {
  return foreign.replace(ESCAPE_SEQUENCE, '');
}

/**
 * Makes text from elsewhere (bw, a server, a caller's name) safe for a terminal or a log: one line,
 * no escape sequence, no control character, at most 300 characters.
 */
export function printable(foreign: string): string {
  // Cut before the replacements too, so that 100 MB of rubbish cost nothing.
  const line = foreign
    .slice(0, SHOWN_CHARACTERS * 4)
    .replace(ESCAPE_SEQUENCE, '')
    .replace(/\s+/g, ' ')
    .replace(CONTROL, '?')
    .trim();
  if (line.length <= SHOWN_CHARACTERS) return line;
  // Between two characters, never inside one that takes two units.
  return `${line.slice(0, SHOWN_CHARACTERS - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The same for lines of our own that may hold such text: nothing is cut, and line feeds stay. */
export function harmless(lines: string): string {
  return lines.replace(ESCAPE_SEQUENCE, '').replace(CONTROL, (one) => (one === '\n' ? one : '?'));
}

/** For JSON.stringify: its strings as `printable` has them. */
export function printableStrings(_: string, value: unknown): unknown {
  return typeof value === 'string' ? printable(value) : value;
}

/** JSON of `value` that a terminal can be shown: what would do something there is escaped in it. */
export function shownJson(value: unknown, indent?: number): string {
  // Its strings hold no line feeds; those are the indentation's.
  return JSON.stringify(value, null, indent).replace(CONTROL, (one) =>
    one === '\n' ? one : escaped(one),
  );
}

// Beyond the first plane it takes two.
function escaped(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
