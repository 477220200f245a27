/** Where a setting goes in the text of a settings file, and how it is taken out; nothing is checked here. */
import { stringify } from 'smol-toml';
import { type Failure, failure } from '../../shared/errors.ts';
import { type Entry, scanToml } from './scan.ts';

type Path = readonly string[];

/** `path` set to `value`, in the braces of another setting too where it stands there. */
export function withValue(text: string, path: Path, value: string | number | boolean): string {
  const entries = scanToml(text);
  const old = entries.find(
    (one) => one.kind === 'key' && one.path?.length === path.length && startsWith(one.path, path),
  );
  if (old?.value) return splice(text, old.value.start, old.value.end, written(value));
  return withKey(text, entries, path, written(value));
}

function withKey(text: string, entries: readonly Entry[], path: Path, value: string): string {
  refuseBraces(entries, path);
  const table = path.slice(0, -1);
  const headed = table.length === 0 ? -1 : entries.findIndex((one) => isHeader(one, table));
  if (table.length === 0 || headed >= 0) {
    const after = lastKeyFrom(entries, headed + 1) ?? entries[headed];
    const line = `${words(path.slice(-1))} = ${value}`;
    return after ? insertAfter(text, after, line) : insertFirst(text, entries, line);
  }
  // A table that was made by dotted keys takes more of these, and no header.
  const dotted = entries.findLast(
    ({ kind, path: at, inline, headed: from }) =>
      kind === 'key' && !inline && from < table.length && startsWith(at, table),
  );
  if (dotted) return insertAfter(text, dotted, `${words(path.slice(dotted.headed))} = ${value}`);
  return append(text, `[${words(table)}]`, `${words(path.slice(-1))} = ${value}`);
}

/** An empty table `path`, where there is nothing of that name. */
export function withTable(text: string, path: Path): string {
  const entries = scanToml(text);
  if (entries.some((one) => startsWith(one.path, path))) return text;
  refuseBraces(entries, path);
  return append(text, `[${words(path)}]`);
}

/** Without `path` and all below it. */
export function without(text: string, path: Path): string {
  const entries = scanToml(text);
  const gone = entries.filter((one) => startsWith(one.path, path));
  if (gone.some(({ inline }, i) => inline && !gone.slice(0, i).some((one) => !one.inline)))
    throw notEditable(`\`${path.join('.')}\` stands in the braces of another setting`);
  let kept = '';
  let from = 0;
  for (const one of gone.filter(({ inline }) => !inline)) {
    const [start, end] = one.kind === 'key' ? lineOf(text, one) : sectionOf(text, entries, one);
    // A key of a table that goes as a whole lies behind us already.
    kept += text.slice(from, Math.max(from, start));
    from = Math.max(from, end);
  }
  const rest = text.slice(from);
  return rest === '' ? kept.replace(/(\r?\n)\s*$/, '$1') : kept + rest;
}

/** With the empty line below it, where it stood alone between two. */
function lineOf(text: string, { start, end }: Entry): [number, number] {
  const alone = /(?:^|\n\r?\n)$/.test(text.slice(0, start));
  const [below = ''] = (alone && /^\r?\n/.exec(text.slice(end))) || [];
  return [start, end + below.length];
}

/** From a header, and the comment right above it, to the next header and its comment. */
function sectionOf(text: string, entries: readonly Entry[], header: Entry): [number, number] {
  const next = entries.find(({ kind, start }) => kind === 'table' && start > header.start);
  const start = commentAbove(text, header.start);
  return [start > 0 ? start : header.start, next ? commentAbove(text, next.start) : text.length];
}

function commentAbove(text: string, start: number): number {
  if (start === 0) return 0;
  const above = text.lastIndexOf('\n', start - 2) + 1;
  return /^[ \t]*#/.test(text.slice(above, start)) ? commentAbove(text, above) : start;
}

function lastKeyFrom(entries: readonly Entry[], index: number): Entry | undefined {
  const rest = entries.slice(index);
  const next = rest.findIndex(({ kind }) => kind === 'table');
  return rest.slice(0, next < 0 ? undefined : next).findLast(({ inline }) => !inline);
}

function insertAfter(text: string, entry: Entry, line: string): string {
  const indent = text.slice(entry.start, entry.at);
  const before = text.slice(0, entry.end);
  return splice(
    text,
    entry.end,
    entry.end,
    `${missingEnd(before)}${indent}${line}${lineEnd(text)}`,
  );
}

/** Above the first table and its comment; a file without any entry keeps its comments at the top. */
function insertFirst(text: string, entries: readonly Entry[], line: string): string {
  const [first] = entries;
  if (!first) return `${text}${missingEnd(text)}${line}${lineEnd(text)}`;
  const at = commentAbove(text, first.start);
  return splice(text, at, at, `${line}${lineEnd(text)}${lineEnd(text)}`);
}

function append(text: string, ...lines: readonly string[]): string {
  const end = lineEnd(text);
  const gap = text.trim() === '' ? '' : missingEnd(text) + end;
  return `${text}${gap}${lines.join(end)}${end}`;
}

function refuseBraces(entries: readonly Entry[], path: Path): void {
  const braced = entries.findLast(
    ({ kind, path: at }) => kind === 'key' && at && startsWith(path, at),
  );
  if (braced?.path)
    throw notEditable(
      `\`${braced.path.join('.')}\` is set in one line, where nothing can be added`,
    );
}

function written(value: string | number | boolean): string {
  return stringify({ k: value }).trim().slice('k = '.length);
}

function words(path: Path): string {
  return path.map((part) => (/^[\w-]+$/.test(part) ? part : written(part))).join('.');
}

function isHeader({ kind, path }: Entry, table: Path): boolean {
  return kind === 'table' && path?.length === table.length && startsWith(path, table);
}

function startsWith(path: Path | undefined, start: Path): boolean {
  return path !== undefined && start.every((part, i) => part === path[i]);
}

function splice(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** What the last line of `text` lacks. */
function missingEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? '' : lineEnd(text);
}

export function notEditable(problem: string): Failure {
  return failure('settings-not-editable', { problem });
}
