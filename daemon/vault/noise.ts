/**
 * Keys that bw writes in passing, so that a plain `bw list` beside a staged run is no conflict. Seen
 * with 2025.4.0 and 2026.9.0; in the layout of 2023.12.1 all of a user is one key, and such a run
 * starts over.
 */
import { isDeepStrictEqual } from 'node:util';

const rules: readonly { key: RegExp; settle: (ours: unknown, theirs: unknown) => unknown }[] = [
  // What to clear at lock and at logout: each run adds what it used and nothing is ever taken off.
  { key: /^global_clearEvent_/, settle: union },
  // The later one could hide news from the next sync: the content may be that of the earlier.
  { key: /^user_.+_sync_lastSync$/, settle: earlier },
  // Copies of what the server says of itself, with the time of the copy; and when bw was last used.
  { key: /^(global_config_byServer|user_.+_config_serverConfig)$/, settle: (ours) => ours },
  { key: /^global_account_activity$/, settle: (ours) => ours },
];

/** The value for a key that two runs of bw changed differently; undefined where it does matter. */
export function settleNoise(key: string, ours: unknown, theirs: unknown): unknown {
  return rules.find((rule) => rule.key.test(key))?.settle(ours, theirs);
}

function union(ours: unknown, theirs: unknown): unknown {
  if (!Array.isArray(ours) || !Array.isArray(theirs)) return undefined;
  const added = ours.filter((one) => !theirs.some((other) => isDeepStrictEqual(one, other)));
  return [...theirs, ...added];
}

function earlier(ours: unknown, theirs: unknown): unknown {
  const [a, b] = [Date.parse(String(ours)), Date.parse(String(theirs))];
  if (Number.isNaN(a) || Number.isNaN(b)) return undefined;
  return a < b ? ours : theirs;
}
