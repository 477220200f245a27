import { isDeepStrictEqual } from 'node:util';
import type { Json } from './layouts.ts';

/** Settles a key that both changed; undefined leaves it a conflict. */
export type Settle = (key: string, ours: unknown, theirs: unknown) => unknown;

export type Merge = { readonly merged: Json } | { readonly conflict: readonly string[] };

// They give all other keys their meaning: the tokens of a user who was logged out meanwhile, or keys of
// two layouts, must not meet in one file.
const ANCHORS = ['stateVersion', 'global_account_activeAccountId', 'activeUserId'];

/**
 * Three-way merge, one top-level key at a time, because bw reads and sets these one at a time (2023.12.1
 * to 2026.9.0). `theirs` is what stands there now, `ours` what a run made of `base`. A key that both
 * changed to the same value is no conflict. Absent and null count as equal, as they do for bw.
 */
export function merge(base: Json, ours: Json, theirs: Json, settle?: Settle): Merge {
  const changedByThem = new Set(changed(base, theirs));
  const changedByUs = changed(base, ours);
  if (changedByUs.length === 0) return { merged: theirs };
  if (changedByThem.size === 0) return { merged: ours };

  const conflict = ANCHORS.filter((key) => !(same(base, theirs, key) && same(base, ours, key)));
  const merged = new Map(Object.entries(theirs));
  for (const key of changedByUs) {
    if (same(ours, theirs, key) || conflict.includes(key)) continue;
    const settled = changedByThem.has(key) ? settle?.(key, ours[key], theirs[key]) : ours[key];
    if (settled !== undefined) merged.set(key, settled);
    else if (changedByThem.has(key)) conflict.push(key);
    else merged.delete(key);
  }
  return conflict.length > 0 ? { conflict } : { merged: Object.fromEntries(merged) };
}

function changed(from: Json, to: Json): string[] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys].filter((key) => !same(from, to, key));
}

function same(one: Json, other: Json, key: string): boolean {
  return isDeepStrictEqual(valueIn(one, key), valueIn(other, key));
}

function valueIn(json: Json, key: string): unknown {
  return Object.hasOwn(json, key) ? (json[key] ?? undefined) : undefined;
}
