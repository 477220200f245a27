/**
 * Vaults that a daemon before us has left open, as it was killed or could not lock: the mark that it left
 * stays until we have done it, or an unlock of ours has put another session in the place of that one.
 */
import { type Stats, statSync } from 'node:fs';
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import type { Audit } from './audit.ts';
import { explain } from './bw/outcome.ts';
import type { RunIn } from './bw/runs.ts';
import type { Log } from './log.ts';
import type { OpenMark, OpenMarks } from './open-marks.ts';
import type { Profile } from './profile.ts';
import type { Clock } from './system/clock.ts';
import { codeOf, inWords } from './system/file-calls.ts';
import type { Claims } from './vault/claim.ts';
import type { DataFile } from './vault/data-file.ts';
import { slot, withoutSlot } from './vault/layout.ts';
import { layoutOf } from './vault/layouts.ts';

/** Longest run of `bw lock` here, ms: who started us waits 30 s for us to listen. */
const LOCK_MS = 15_000;
/** How soon one that could not be locked is tried again. */
const AGAIN_MS = 30_000;

/** A vault that is open although nobody has a session in it. */
export interface StillOpen {
  readonly profile: string;
  readonly why: Failure['row'];
}

export interface LeftOpen {
  /** Tries to lock what is left open: of one profile, or of all. True where something was. Never throws. */
  lock(profile?: string): Promise<boolean>;
  /**
   * Why one of this profile, in `dataDir` where that is given, is still open: lock-failed, or profile-in-use
   * where another daemon has it.
   */
  why(profile: string, dataDir?: string): Failure | undefined;
  all(): StillOpen[];
  /** A session of ours has taken the place of the one that was left open in this folder. */
  replaced(mark: OpenMark): void;
}

export interface LeftOpenParts {
  readonly marks: OpenMarks;
  readonly claims: Claims;
  readonly dataFile: (folder: string) => DataFile;
  /** The way to run bw for a profile, whose settings it throws for at the run. */
  readonly bw: (profile: string) => RunIn;
  /** The profile of this name, where this daemon has served it. */
  readonly served: (name: string) => Pick<Profile, 'alone' | 'dataDir' | 'sessions'> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

interface Left extends OpenMark {
  why: Failure;
}

/** Those of the marks that stand there now. Nothing is locked before `lock` is called. */
export function createLeftOpen(parts: LeftOpenParts): LeftOpen {
  const { marks, claims, served, clock, log, audit } = parts;
  const untried = failure('lock-failed', { problem: 'it was not tried yet' });
  const left = new Set(marks.all().map((mark): Left => ({ ...mark, why: untried })));
  let planned = false;

  async function lockOne(one: Left): Promise<boolean> {
    const { profile } = one;
    try {
      const locked = await lockIn(one);
      if (!left.delete(one)) return false;
      marks.clear(one);
      log.warn('a daemon was killed', { profile, leftOpen: locked });
      if (locked) audit.record({ what: 'session.end', outcome: 'ended', why: 'killed', profile });
      return locked;
    } catch (thrown) {
      const reason = toFailure(thrown);
      if (reason.message !== one.why.message)
        log.warn('vault left open by a killed daemon', { profile, error: reason.name });
      one.why = reason;
      return false;
    }
  }

  async function lockIn(one: Left): Promise<boolean> {
    const { profile, dataDir } = one;
    const inFolder = () => {
      const found = served(profile);
      return found?.dataDir === dataDir ? found : undefined;
    };
    try {
      requireFile(parts.dataFile(dataDir));
      claims.claim(profile, dataDir);
      const work = () => (inFolder()?.sessions.busy() ? later() : lockNow(parts, one));
      return await (inFolder()?.alone(work) ?? work());
    } catch (thrown) {
      const reason = toFailure(thrown);
      throw reason.is('profile-in-use') || reason.is('lock-failed')
        ? reason
        : failure('lock-failed', { problem: reason.message });
    } finally {
      // A profile that was served meanwhile relies on it.
      if (!inFolder()) claims.release(profile, dataDir);
    }
  }

  async function lock(profile?: string): Promise<boolean> {
    const wanted = [...left].filter((one) => one.profile === (profile ?? one.profile));
    const locked = await Promise.all(wanted.map(lockOne));
    if (left.size > 0 && !planned) {
      planned = true;
      clock.after(AGAIN_MS, () => {
        planned = false;
        lock();
      });
    }
    return locked.includes(true);
  }

  return {
    lock,
    why: (profile, dataDir) =>
      [...left].find((one) => one.profile === profile && one.dataDir === (dataDir ?? one.dataDir))
        ?.why,
    all: () => [...left].map(({ profile, why }) => ({ profile, why: why.row })),
    replaced({ profile, dataDir }) {
      for (const one of left)
        if (one.profile === profile && one.dataDir === dataDir) left.delete(one);
    },
  };
}

// A disk that is not mounted, or a bw that was stopped as it wrote: the session may come back with the file.
function requireFile({ file }: DataFile): void {
  const found = look(file);
  if (typeof found === 'object' && found.size > 0) return;
  const problem = `${file} ${typeof found === 'string' ? `cannot be looked at: ${inWords(found)}` : 'is missing or empty'}`;
  throw failure('lock-failed', { problem });
}

function look(file: string): Stats | string | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (thrown) {
    return codeOf(thrown);
  }
}

// What an unlock that is under way opens is not what was left open.
function later(): never {
  throw failure('lock-failed', { problem: 'an unlock is under way' });
}

/** True where it may have been open, whoever's session that is by now. Throws where it still may be. */
async function lockNow({ dataFile, bw }: LeftOpenParts, mark: OpenMark): Promise<boolean> {
  const { profile, dataDir } = mark;
  await dataFile(dataDir).mend();
  let known = true;
  const locked = await dataFile(dataDir).update((json) => {
    known = layoutOf(json) !== undefined;
    return known && slot(json) !== undefined ? withoutSlot(json) : undefined;
  });
  if (known) return locked;
  // Such a file is never written here.
  const options = { deadlineMs: LOCK_MS, anySettings: true };
  const run = () => bw(profile)(dataDir, ['lock', '--nointeraction'], options);
  const result = await dataFile(dataDir).guarded(run);
  if (result.exitCode === 0 && !result.stdout.empty) return true;
  const reason = explain('lock', result, { dataDir, secrets: [] });
  if (reason.is('not-logged-in')) return false;
  throw failure('lock-failed', { problem: reason.message });
}
