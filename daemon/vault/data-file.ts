/**
 * The only reader and writer of bw's data.json. bw truncates it and writes in place, so a reader may
 * meet an empty or a half file; we replace it whole, under bw's own lock.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Failure, failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { Clock } from '../system/clock.ts';
import { type Calls, codeOf, realCalls } from '../system/file-calls.ts';
import { guarded, hasCopy, mend } from './guard.ts';
import { slot, withoutSlot } from './layout.ts';
import { type Json, layoutOf } from './layouts.ts';
import { withLock } from './lock.ts';
import { readSettled, type Settled } from './read-settled.ts';
import { replaceFile, targetOf } from './replace.ts';
import { type Verdict, verifies } from './slot.ts';

export interface DataFileDeps {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** File calls, for tests of full disks and of moments between two of bw's writes. */
  readonly calls?: Partial<Calls>;
}

/** What became of a slot; `other`: somebody else's session stands there and was left alone. */
export type Removal = 'removed' | 'other' | 'absent' | 'unknown';

export interface DataFile {
  readonly folder: string;
  readonly file: string;
  /**
   * Changes whenever the file does; undefined without a file, and while it was changed a moment ago.
   * One stat, some 30 µs. Never throws.
   */
  stamp(): string | undefined;
  /**
   * The file as parsed; undefined without one. An empty file is an empty store, as it is for bw, once
   * it has been empty for 500 ms. Throws data-file-unreadable.
   */
  read(): Promise<Json | undefined>;
  /**
   * Whether the vault can be opened with this session key. `unknown` also where the file cannot be
   * read, stays empty, or has another layout. Never throws.
   */
  checkKey(key: Secret): Promise<Verdict>;
  /**
   * Replaces the file by what `change` makes of its present content ({} without a file), under bw's
   * lock. Gives false, with nothing written, for undefined or an equal value. Throws
   * data-file-unreadable, data-file-unwritable, data-file-busy, and what `change` throws.
   */
  update(change: (json: Json) => Json | undefined): Promise<boolean>;
  /**
   * Locks the vault by removing the slot, if it is `key` that opens it, and looks afterwards. A bw
   * that has read the slot by then wraps it anew some 0.1 s later and so brings it back (seen in 2 of
   * 15 tries with 2026.9.0): look again after a few seconds. Throws as `update` does, data-file-busy
   * too where the slot comes back at once.
   */
  removeSlot(key: Secret): Promise<Removal>;
  /**
   * Does `work`, in which bw writes to this very file, so that a full disk leaves the file as it was.
   * Throws data-file-unwritable before it begins where there is no room, what `work` throws, and what
   * `mend` throws.
   */
  guarded<T>(work: () => Promise<T>): Promise<T>;
  /** Whether a `guarded` of a killed daemon, or one that failed at its end, has left its copy. */
  cutShort(): boolean;
  /**
   * What `guarded` does at its end, for one that was cut short. Not while another one is under way. Throws
   * data-file-unreadable, data-file-unwritable, data-file-busy, and too-many-files; it can be done again.
   */
  mend(): Promise<void>;
  /** The data file of another folder, with the same clock and file calls. */
  elsewhere(folder: string): DataFile;
}

const FILE_NAME = 'data.json';
/**
 * Before Linux 6.13 all writes of one clock tick (up to 10 ms) get the same time, and a new session has
 * the size of the old one: a file that was just written could change once more and look the same.
 */
const RESTED_MS = 50;
// A writer without a lock (an editor, a synchroniser) may put the old content back, not for ever.
const REMOVALS = 3;

/** The data file of one of bw's folders; neither needs to exist yet. */
export function openDataFile(folder: string, deps: DataFileDeps): DataFile {
  const file = join(folder, FILE_NAME);
  const around = { ...deps, calls: { ...realCalls, ...deps.calls } };

  let isGuarded = false;

  async function read(): Promise<Json | undefined> {
    return jsonOf(await readSettled(file, around));
  }

  async function checkKey(key: Secret): Promise<Verdict> {
    try {
      // A program that puts a file in place by unlink and create leaves a moment without one.
      const found = await readSettled(file, around, { awaitFile: true });
      // bw takes both for an empty store. A writer that stands still looks like the first of them.
      if (found === 'empty') return 'unknown';
      return found === 'absent' ? 'dead' : verdictOn(found.json, key);
    } catch (thrown) {
      if (thrown instanceof Failure) return 'unknown';
      throw thrown;
    }
  }

  async function update(change: (json: Json) => Json | undefined): Promise<boolean> {
    const target = targetOf(file);
    return withLock(target, deps.clock, async (stillOurs) => {
      const before = jsonOf(await readSettled(target, around)) ?? {};
      const after = change(before);
      if (after === undefined || isDeepStrictEqual(after, before)) return false;
      if (!stillOurs()) throw failure('data-file-busy', { file });
      // As bw writes it, so that a person who looks sees no difference.
      await replaceFile(target, JSON.stringify(after, null, 2), around);
      return true;
    });
  }

  async function removeSlot(key: Secret): Promise<Removal> {
    for (let removals = 0; removals < REMOVALS; removals += 1) {
      let found: Removal = 'absent';
      const removed = await update((json) => {
        found = removalOf(json, key);
        // bw drops the key too; it does not set it to null (2026.9.0).
        return found === 'removed' ? withoutSlot(json) : undefined;
      });
      if (!removed) return found;
      const left = await checkKey(key);
      if (left !== 'live') return left === 'dead' ? 'removed' : 'unknown';
    }
    throw failure('data-file-busy', { file });
  }

  return {
    folder,
    file,
    stamp: () => stampOf(file, deps.clock),
    read,
    checkKey,
    update,
    removeSlot,
    async guarded(work) {
      isGuarded = true;
      try {
        return await guarded(file, around, work);
      } finally {
        isGuarded = false;
      }
    },
    cutShort: () => !isGuarded && hasCopy(file),
    mend: () => mend(file, around),
    elsewhere: (other) => openDataFile(other, deps),
  };
}

function stampOf(file: string, clock: Clock): string | undefined {
  try {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (!found || Math.abs(clock.wallMs() - Number(found.ctimeMs)) < RESTED_MS) return undefined;
    return `${found.mtimeNs}:${found.ctimeNs}:${found.size}:${found.ino}`;
  } catch (thrown) {
    // Not the same as no file: whoever then reads it gets the reason.
    return codeOf(thrown);
  }
}

function jsonOf(found: Settled): Json | undefined {
  if (found === 'absent') return undefined;
  return found === 'empty' ? {} : found.json;
}

function verdictOn(json: Json, key: Secret): Verdict {
  if (!layoutOf(json)) return 'unknown';
  const stored = slot(json);
  return stored === undefined ? 'dead' : verifies(stored, key);
}

function removalOf(json: Json, key: Secret): Removal {
  if (layoutOf(json) && slot(json) === undefined) return 'absent';
  return ({ live: 'removed', dead: 'other', unknown: 'unknown' } as const)[verdictOn(json, key)];
}
