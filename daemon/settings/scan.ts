/** Where things stand in TOML text, for lines in messages and for edits that leave the rest as it is. */
import { parse } from 'smol-toml';

type Path = readonly string[];

/** A table's header, or a key with its value. Offsets are of UTF-16 units, as in `slice`. */
export interface Entry {
  readonly kind: 'table' | 'key';
  /** From the root of the file on; undefined for keys below `[[ ]]`, of which there are many alike. */
  readonly path: Path | undefined;
  /** How many words of a key's path come from the header above it. */
  readonly headed: number;
  /** Where its first word stands. */
  readonly at: number;
  /** Its whole lines, the last line's end included. */
  readonly start: number;
  readonly end: number;
  /** Of a key. */
  readonly value?: { readonly start: number; readonly end: number };
  /** It stands in the braces of another one's value. */
  readonly inline: boolean;
}

// White space, comments and line ends between what counts.
const GAP = /(?:\s|#[^\n]*)*/y;
const BLANK = /[ \t]*/y;
const REST_OF_LINE = /[^\n]*(?:\n|$)/y;
const HEADER = /\[\[?/y;
const HEADER_END = /\]\]?/y;
const KEY = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w-]+/y;
const DOT = /[ \t]*\.[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const STRING =
  /"""(?:[^"\\]|\\[\s\S]|""?(?!"))*"{3,5}|'''(?:[^']|''?(?!'))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
// A date and its time may stand apart.
const SCALAR = /[^\s,\]}#]+(?: \d[^\s,\]}#]*)?/y;
const ARRAY = /\[/y;
const ARRAY_END = /\]/y;
const INLINE = /\{/y;
const INLINE_END = /\}/y;
const COMMA = /,/y;

/** Every header and key of `text`, in its order. `text` must be TOML: what comes after a slip is left out. */
export function scanToml(text: string): Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  let table: Path | undefined = [];

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  }

  function takePath(): string[] | undefined {
    const parts: string[] = [];
    do {
      const part = take(KEY);
      if (part === undefined) return undefined;
      parts.push(/^["']/.test(part) ? String(parse(`k = ${part}`).k) : part);
    } while (take(DOT));
    return parts;
  }

  function takeKey(within: Path | undefined, inline: boolean): boolean {
    const began = at;
    const index = entries.length;
    const path = takePath();
    if (!path || !take(EQUALS)) return false;
    const full = within && [...within, ...path];
    const start = at;
    if (!takeValue(full)) return false;
    const value = { start, end: at };
    // Before those in its own braces.
    entries.splice(index, 0, entry('key', full, began, value, inline));
    return true;
  }

  function takeValue(path: Path | undefined): boolean {
    if (take(STRING) !== undefined) return true;
    if (take(ARRAY)) return takeList(ARRAY_END, () => takeValue(undefined));
    if (take(INLINE)) return takeList(INLINE_END, () => takeKey(path, true));
    return take(SCALAR) !== undefined;
  }

  function takeList(end: RegExp, takeOne: () => boolean): boolean {
    take(GAP);
    while (!take(end)) {
      if (!takeOne()) return false;
      take(GAP);
      take(COMMA);
      take(GAP);
    }
    return true;
  }

  function entry(
    kind: Entry['kind'],
    path: Path | undefined,
    began: number,
    value: Entry['value'],
    inline: boolean,
  ): Entry {
    const start = text.lastIndexOf('\n', began - 1) + 1;
    REST_OF_LINE.lastIndex = at;
    const end = at + (REST_OF_LINE.exec(text)?.[0].length ?? 0);
    const headed = kind === 'key' ? (table?.length ?? 0) : 0;
    return { kind, path, headed, at: began, start, end, ...(value && { value }), inline };
  }

  function takeHeader(): boolean {
    const began = at;
    const opening = take(HEADER);
    if (!opening) return false;
    take(BLANK);
    const path = takePath();
    take(BLANK);
    if (!path || !take(HEADER_END)) return false;
    table = opening === '[' ? path : undefined;
    entries.push(entry('table', path, began, undefined, false));
    return true;
  }

  for (;;) {
    take(GAP);
    if (at >= text.length || !(takeHeader() || takeKey(table, false))) return entries;
    take(REST_OF_LINE);
  }
}
