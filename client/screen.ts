/** What bw may do to the terminal where it asks: its words can be a server's. */
import { CONTROL, ESCAPE_SEQUENCE } from '../shared/text.ts';

/** A sequence that does not end within this much is none, in characters. */
const LONGEST_SEQUENCE = 4_096;

/**
 * What bw's prompts are made of (2023.12.1 to 2026.9.0): colours, moves of the cursor on the screen,
 * erasing, the cursor hidden and shown. Not what sets titles and clipboards, or makes a terminal type
 * an answer.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ALLOWED = /^(?:[\b\t\n\r\u0007]|\u001b\[(?:[\d;]*[A-HJKfmsu]|\?25[hl]))$/;

const FOUND = new RegExp(`${ESCAPE_SEQUENCE.source}|${CONTROL.source}`, 'gu');
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNFINISHED = /\u001b(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001b]*\u001b?|[ -/]*)$/;

/** Takes bw's words piece by piece and gives what may be shown of them by now. */
export function createScreen(): (piece: string) => string {
  let held = '';
  return (piece) => {
    const all = held + piece;
    const [tail = ''] = UNFINISHED.exec(all) ?? [];
    held = tail.length > LONGEST_SEQUENCE ? '' : tail;
    return all
      .slice(0, all.length - held.length)
      .replace(FOUND, (one) => (ALLOWED.test(one) ? one : dropped(one)));
  };
}

// A sequence goes whole; a character leaves a mark, as in all text from elsewhere.
function dropped(found: string): string {
  return found.length > 1 && found.startsWith('\u001b') ? '' : '?';
}
