/** What `helper config` asks for: single settings by name, out of the file and into it. */
import { parse, type TomlTable } from 'smol-toml';
import { failure } from '../../shared/errors.ts';
import { DEFAULT_PROFILE } from '../../shared/profile-name.ts';
import type { ChangeSettings } from './change.ts';
import { editSettings, isTable, type NewValue } from './edit.ts';
import { describeSettings, type SettingRow } from './schema.ts';
import { parseSettings, readSettings, type SettingsOptions } from './settings.ts';

type Path = readonly string[];

/** One setting as it is now. */
export interface Setting {
  /** With dots, from the root of the file on: `profiles.default.server`. */
  readonly key: string;
  /** As the file or its default says it; undefined where neither says anything. */
  readonly value?: string;
  readonly from: 'file' | 'default' | 'nowhere';
}

/**
 * A `key` that only profiles have may stand without `profiles.NAME.` and is then that of `profile`.
 * Each throws settings-invalid, and usage with the nearest setting for what is none; those that write
 * also what ChangeSettings and editSettings throw.
 */
export interface Config {
  list(): Setting[];
  get(key: string, profile: string): Setting;
  /** Gives the whole key. Throws usage for a value that is refused, and profile-unknown. */
  set(key: string, value: string, profile: string): Promise<string>;
  /** Takes out what is no setting, too: so a file is put right. */
  unset(key: string, profile: string): Promise<{ key: string; removed: boolean }>;
  /** Reads the file and its folder anew. */
  check(): void;
}

export function createConfig(
  options: SettingsOptions & { readonly change: ChangeSettings },
): Config {
  const { home, change } = options;
  return {
    list() {
      const { text, settings } = readSettings(options);
      const toml = parse(text);
      const rows = describeSettings();
      const paths = [
        ...rows.filter(({ table }) => table === '').map(({ key }) => [key]),
        ...[...settings.profiles.keys()].flatMap((name) =>
          rows.filter(({ table }) => table !== '').map(({ key }) => ['profiles', name, key]),
        ),
      ];
      return paths.map((path) => settingAt(toml, path));
    },

    get(key, profile) {
      const { text, settings } = readSettings(options);
      const path = pathOf(key, profile);
      if (!rowOf(path)) throw failure('usage', { problem: problemWith(path, '', home) });
      refuseUnknown(path, [...settings.profiles.keys()]);
      return settingAt(parse(text), path);
    },

    async set(key, value, profile) {
      const path = pathOf(key, profile);
      const fitting = readings(value).find((one) => problemWith(path, one, home) === '');
      if (fitting === undefined)
        throw failure('usage', { problem: problemWith(path, value, home) });
      await change((text) => {
        refuseUnknown(path, Object.keys(tableAt(parse(text), ['profiles'])));
        return editSettings(text, path, fitting);
      });
      return path.join('.');
    },

    async unset(key, profile) {
      const path = pathOf(key, profile);
      let removed = false;
      await change((text) => {
        const now = valueAt(parse(text), path);
        removed = now !== undefined && (!isTable(now) || !rowsBelow(path));
        if (!removed && !rowOf(path))
          throw failure('usage', { problem: problemWith(path, '', home) });
        return removed ? editSettings(text, path, undefined) : text;
      });
      return { key: path.join('.'), removed };
    },

    check() {
      readSettings(options);
    },
  };
}

function pathOf(key: string, profile: string): Path {
  const rows = describeSettings();
  const only = (where: (row: SettingRow) => boolean) =>
    rows.some((row) => row.key === key && where(row));
  if (!only(({ table }) => table === '') && only(({ table }) => table !== ''))
    return ['profiles', profile, key];
  return key.split('.');
}

/** All profiles have the same settings. */
function rowOf(path: Path): SettingRow | undefined {
  const [table, key] =
    path[0] === 'profiles' && path.length === 3
      ? [`profiles.${DEFAULT_PROFILE}`, path[2]]
      : ['', path.length === 1 ? path[0] : undefined];
  return describeSettings().find((row) => row.table === table && row.key === key);
}

/** Whether `path` is a table of settings: taking it out would take all of them. */
function rowsBelow(path: Path): boolean {
  return path[0] === 'profiles' && path.length < 3;
}

function settingAt(toml: TomlTable, path: Path): Setting {
  const key = path.join('.');
  const own = valueAt(toml, path);
  if (own !== undefined) return { key, value: String(own), from: 'file' };
  const preset = rowOf(path)?.default;
  return preset === undefined
    ? { key, from: 'nowhere' }
    : { key, value: String(preset), from: 'default' };
}

/** What is wrong with `path = value` in a file of its own, or nothing. */
function problemWith(path: Path, value: NewValue, home: string): string {
  const outcome = parseSettings(editSettings('', path, value), home);
  return 'problem' in outcome ? outcome.problem.replace(/^line \d+: /, '') : '';
}

/** What a word of a command line may mean. */
function readings(text: string): NewValue[] {
  const others = [...(/^(true|false)$/.test(text) ? [text === 'true'] : [])];
  return [text, ...others, ...(/^\d{1,9}$/.test(text) ? [Number(text)] : [])];
}

/** A slip in a name must not make a profile. */
function refuseUnknown(path: Path, inFile: readonly string[]): void {
  const [first, name = ''] = path;
  const known = [...new Set([DEFAULT_PROFILE, ...inFile])];
  if (first === 'profiles' && !known.includes(name))
    throw failure('profile-unknown', { profile: name, known: known.join(', ') });
}

function valueAt(toml: TomlTable, path: Path): unknown {
  return path.reduce<unknown>((within, key) => (isTable(within) ? within[key] : undefined), toml);
}

function tableAt(toml: TomlTable, path: Path): TomlTable {
  const found = valueAt(toml, path);
  return isTable(found) ? found : parse('');
}
