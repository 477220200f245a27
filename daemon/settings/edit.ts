/** Changes one setting in the text of a settings file; comments, order and spelling of the rest stay. */
import { isDeepStrictEqual } from 'node:util';
import { parse, type TomlTable } from 'smol-toml';
import { Failure } from '../../shared/errors.ts';
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
  // Before the text is looked at, as it also finds what no text can be found for.
  const meant = meaning(text, path, value);
  const edited =
    value === undefined
      ? without(text, path)
      : typeof value === 'object'
        ? withTable(text, path)
        : withValue(text, path, value);
  if (means(edited, meant, path)) return edited;
  throw notEditable(`\`${path.join('.')}\` stands where only a person can change it`);
}

/** What the file is to mean afterwards. Throws settings-not-editable where `text` is not TOML. */
export function meaning(text: string, path: Path, value: NewValue | undefined): TomlTable {
  try {
    const meant = parse(text);
    put(meant, path, value);
    return meant;
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw notEditable(tomlProblem(thrown).replace(/\.$/, ''));
  }
}

/** Whether `edited` is just that. What held nothing else may go with `path`, or stay as an empty table. */
export function means(edited: string, meant: TomlTable, path: Path): boolean {
  let made: TomlTable;
  try {
    made = parse(edited);
  } catch {
    return false;
  }
  for (const one of [meant, made]) prune(one, path);
  return isDeepStrictEqual(made, meant);
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

export function isTable(value: unknown): value is TomlTable {
  // Dates are objects of a class.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}
