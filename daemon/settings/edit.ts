/** Changes one setting in the text of a settings file; comments, order and spelling of the rest stay. */
import { isDeepStrictEqual } from 'node:util';
import { parse, type TomlTable } from 'smol-toml';
import { notEditable, without, withTable, withValue } from './edit-text.ts';
import { tomlProblem } from './problem.ts';

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
        : withValue(text, path, value);
  put(meant, path, value);
  const made = parsed(edited);
  // What held nothing else goes with the last key below it, or stays as an empty table.
  if (value === undefined) for (const one of [meant, made]) prune(one, path);
  if (isDeepStrictEqual(made, meant)) return edited;
  throw notEditable(`\`${path.join('.')}\` stands where only a person can change it`);
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

export function isTable(value: unknown): value is TomlTable {
  // Dates are objects of a class.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}
