/**
 * One daemon a data folder, and one profile: two would end each other's sessions. Another daemon has
 * another runtime folder (a container beside the desktop). The lock is taken before the first bw runs
 * in the folder, and held until the profile is let go.
 */
import {
  type BigIntStats,
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../shared/errors.ts';
import { codeOf, inWords } from '../system/file-calls.ts';
import { makeFolder } from '../system/make-folder.ts';

/** Who removes the file just then, once more each time, is not followed for ever. */
const TRIES = 3;

const FILE_NAME = 'bw-helper.lock';

export interface ClaimOptions {
  /** Takes an exclusive lock for as long as the descriptor is open; false where somebody holds it. */
  readonly lockFile: (fd: number) => boolean;
  /** Who we are, for the other one's message. */
  readonly owner: string;
}

export interface Claims {
  /**
   * Claims `folder` for a profile, once. Throws profile-in-use, naming the other daemon,
   * profile-folder-shared, and data-file-unwritable.
   */
  claim(profile: string, folder: string): void;
  /** Lets go of what the profile has claimed, or of this folder alone. */
  release(profile: string, folder?: string): void;
}

interface Claim {
  readonly profile: string;
  readonly folder: string;
  readonly fd: number;
  /** Which file it is, whatever path leads there. */
  readonly mark: string;
  /** The file says who has it. */
  signed: boolean;
}

export function createClaims({ lockFile, owner }: ClaimOptions): Claims {
  let held: readonly Claim[] = [];

  // Nobody but we can be reached in our own runtime folder.
  function cureFor(other: string): string {
    return other.replace(/^pid \d+/, '') === owner.replace(/^pid \d+/, '')
      ? 'its runtime folder was removed, and it locks and leaves by itself within 30 s'
      : 'run `helper daemon stop` where it runs';
  }

  function letGo(claim: Claim): void {
    closeSync(claim.fd);
    held = held.filter((one) => one !== claim);
  }

  // What counts is the lock: on a full disk only the other one's message is less exact.
  function sign(claim: Claim): void {
    if (claim.signed) return;
    try {
      ftruncateSync(claim.fd);
      writeSync(claim.fd, `${owner}\n`);
      claim.signed = true;
    } catch (thrown) {
      codeOf(thrown);
    }
  }

  return {
    claim(profile, folder) {
      const file = join(folder, FILE_NAME);
      const before = held.find((one) => one.profile === profile && one.folder === folder);
      if (before && before.mark === markAt(file)) return sign(before);
      // Its file was removed, and whoever makes it anew gets that lock.
      if (before) letGo(before);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const fd = openLock(folder, file);
        const mark = markOf(fstatSync(fd, { bigint: true }));
        const ours = held.find((one) => one.mark === mark);
        if (ours || !lockFile(fd)) {
          closeSync(fd);
          if (ours)
            throw failure('profile-folder-shared', {
              profile,
              other: ours.profile,
              dataDir: folder,
            });
          const other = readFileSync(file, 'utf8').trim() || 'it does not say where';
          throw failure('profile-in-use', { owner: other, dataDir: folder, cure: cureFor(other) });
        }
        if (markAt(file) === mark) {
          const claim = { profile, folder, fd, mark, signed: false };
          held = [...held, claim];
          return sign(claim);
        }
        closeSync(fd);
      }
      throw failure('data-file-unwritable', { file, problem: 'it is removed again and again' });
    },

    release(profile, folder) {
      for (const one of held)
        if (one.profile === profile && one.folder === (folder ?? one.folder)) letGo(one);
    },
  };
}

function openLock(folder: string, file: string): number {
  try {
    // bw makes it in the same way (2026.9.0).
    makeFolder(folder);
    return openSync(file, 'a+', 0o600);
  } catch (thrown) {
    throw failure('data-file-unwritable', { file, problem: inWords(codeOf(thrown)) });
  }
}

function markAt(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && markOf(found);
}

function markOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
