/** What is wrong with a settings file, in one line that quotes keys and never a value. */
import { TomlError } from 'smol-toml';
import type * as v from 'valibot';
import { distance } from '../../shared/distance.ts';
import { DEFAULT_PROFILE, PROFILE_NAME_HINT } from '../../shared/profile-name.ts';
import { printable } from '../../shared/text.ts';
import { scanToml } from './scan.ts';
import { describeSettings } from './schema.ts';

type Path = readonly string[];

// Somebody looked for a place for these, and found the wrong one.
const SECRET_KEY = /secret|passw|passphrase|session|token|client_?id|api_?key/i;

// What the parser makes of text without quotes, by far the most likely slip (smol-toml 1.9.1).
const UNQUOTED = /invalid value|invalid date|numeric|leading zero/;

/** The first of several issues, with its line in `text`. */
export function schemaProblem(text: string, issues: readonly v.BaseIssue<unknown>[]): string {
  const [first] = issues
    .map((issue) => {
      const path = (issue.path ?? []).map(({ key }) => String(key));
      return { line: lineOf(text, path), sentence: sentenceOn(path, issue.expected === 'never') };
    })
    .sort((a, b) => a.line - b.line);
  return `line ${first?.line}: ${first?.sentence}`;
}

/** What the TOML parser threw. Its own message goes on with the lines around, values and all. */
export function tomlProblem(thrown: unknown): string {
  if (!(thrown instanceof TomlError)) throw thrown;
  const what = thrown.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
  const hint = UNQUOTED.test(what) ? ' (text stands in double quotes)' : '';
  return `line ${thrown.line}, column ${thrown.column}: ${what}${hint}.`;
}

function sentenceOn(path: Path, unknown: boolean): string {
  const key = path.at(-1) ?? '';
  if (path.length === 2 && path[0] === 'profiles' && unknown)
    return `\`${printable(key).slice(0, 40)}\` is no name for a profile: it must be ${PROFILE_NAME_HINT}.`;
  // All profiles have the same keys.
  const table = (path[0] === 'profiles' ? ['profiles', DEFAULT_PROFILE] : path.slice(0, -1))
    .slice(0, path.length - 1)
    .join('.');
  if (unknown) return unknownKey(table, key);
  const row = describeSettings().find((one) => one.table === table && one.key === key);
  return `\`${key}\` must be ${row?.allowed ?? 'a table, as in [profiles.default]'}.`;
}

function unknownKey(table: string, key: string): string {
  const places = [...describeSettings(), { table: '', key: 'profiles' }];
  const [nearest] = places
    .map((place) => ({ ...place, away: distance(key, place.key), here: place.table === table }))
    .filter(({ away }) => away <= Math.max(2, key.length / 3) && away < key.length)
    .sort((a, b) => a.away - b.away || Number(b.here) - Number(a.here));
  if (nearest) return `\`${key}\` is no setting here; did you mean ${whereIs(nearest)}?`;
  if (SECRET_KEY.test(key))
    return `\`${key}\` does not belong in this file; \`helper secret set\` stores secrets.`;
  const here = places.filter((place) => place.table === table).map((place) => `\`${place.key}\``);
  return `\`${key}\` is no setting; here stand ${here.join(', ')}.`;
}

function whereIs(place: { table: string; key: string; here: boolean }): string {
  if (place.key === 'profiles') return '[profiles.default]';
  if (place.here) return `\`${place.key}\``;
  return `\`${place.key}\` ${place.table ? `under [${place.table}]` : 'above the first table'}`;
}

/** The line on which `path` is set, from 1; that of what it stands in where it is not found. */
function lineOf(text: string, path: Path): number {
  let best = { at: 0, common: 0 };
  for (const { at, path: other } of scanToml(text)) {
    const common = other ? inCommon(other, path) : 0;
    if (common > best.common) best = { at, common };
  }
  return text.slice(0, best.at).split('\n').length;
}

// How far one leads to the other; 0 where they part ways.
function inCommon(a: Path, b: Path): number {
  const shorter = Math.min(a.length, b.length);
  return a.slice(0, shorter).every((part, i) => part === b[i]) ? shorter : 0;
}
