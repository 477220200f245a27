/** Changes one setting in the text of a settings file; comments, order and spelling of the rest stay. */
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify, type TomlTable } from 'smol-toml';
import { type Failure, failure } from '../../shared/errors.ts';
import { tomlProblem } from './problem.ts';
import { type Entry, scanToml } from './scan.ts';

type Path = readonly string[];

/** `{}` is a table without a key. */
export type NewValue = string | number | boolean | Readonly<Record<string, never>>;

/**
 * `text` with `path` set to `value`, or without it and all below it where `value` is undefined. A new
 * key comes at the end of its table, a new table at the end of the file; with a table go the comments in
 * it and right above it. What was made is read again and compared with what was meant.
 *
 * Throws settings-not-editable where the text is not TOML, or the place stands in braces.
 */
export function editSettings(text: string, path: Path, value: NewValue | undefined): string {
  const meant = parsed(text);
  const edited =
    value === undefined
      ? without(text, path)
      : typeof value === 'object'
        ? withTable(text, path)
        : withValue(text, path, written(value));
  put(meant, path, value);
  const made = parsed(edited);
  // What held nothing else goes with the last key below it, or stays as an empty table.
  if (value === undefined) for (const one of [meant, made]) prune(one, path);
  if (isDeepStrictEqual(made, meant)) return edited;
  throw notEditable(`\`${path.join('.')}\` stands where only a person can change it`);
}

function withValue(text: string, path: Path, value: string): string {
  const entries = scanToml(text);
  const old = entries.find(
    (one) => one.kind === 'key' && one.path?.length === path.length && startsWith(one.path, path),
  );
  if (old?.value) return splice(text, old.value.start, old.value.end, value);
  return withKey(text, entries, path, value);
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

function withTable(text: string, path: Path): string {
  const entries = scanToml(text);
  if (entries.some((one) => startsWith(one.path, path))) return text;
  refuseBraces(entries, path);
  return append(text, `[${words(path)}]`);
}

function without(text: string, path: Path): string {
  const entries = scanToml(text);
  const gone = entries.filter((one) => startsWith(one.path, path));
  if (gone.some(({ inline }, i) => inline && !gone.slice(0, i).some((one) => !one.inline)))
    throw notEditable(`\`${path.join('.')}\` stands in the braces of another setting`);
  let kept = '';
  let from = 0;
  for (const one of gone.filter(({ inline }) => !inline)) {
    const [start, end] = one.kind === 'key' ? [one.start, one.end] : sectionOf(text, entries, one);
    // A key of a table that goes as a whole lies behind us already.
    kept += text.slice(from, Math.max(from, start));
    from = Math.max(from, end);
  }
  const rest = text.slice(from);
  return rest === '' ? kept.replace(/(\r?\n)\s*$/, '$1') : kept + rest;
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

function put(table: TomlTable, path: Path, value: NewValue | undefined): void {
  const [key = '', ...below] = path;
  const found = table[key];
  if (below.length > 0) {
    if (!isTable(found)) {
      if (value === undefined) return;
      if (found !== undefined) throw notEditable(`\`${key}\` is no table`);
    }
    const inner = isTable(found) ? found : parse('');
    table[key] = inner;
    put(inner, below, value);
  } else if (value === undefined) delete table[key];
  else if (typeof value !== 'object') table[key] = value;
  else table[key] = found ?? parse('');
}

function prune(table: TomlTable, path: Path): void {
  const [key = '', ...below] = path;
  const found = table[key];
  if (below.length === 0 || !isTable(found)) return;
  prune(found, below);
  if (Object.keys(found).length === 0) delete table[key];
}

function parsed(text: string): TomlTable {
  try {
    return parse(text);
  } catch (thrown) {
    throw notEditable(tomlProblem(thrown).replace(/\.$/, ''));
  }
}

function written(value: string | number | boolean): string {
  return stringify({ k: value }).trim().slice('k = '.length);
}

function words(path: Path): string {
  return path.map((part) => (/^[\w-]+$/.test(part) ? part : written(part))).join('.');
}

export function isTable(value: unknown): value is TomlTable {
  // Dates are objects of a class.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
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

function notEditable(problem: string): Failure {
  return failure('settings-not-editable', { problem });
}
