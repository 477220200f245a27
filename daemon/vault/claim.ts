/**
 * One daemon a data folder: two, with different runtime folders (a container beside the desktop), would
 * end each other's sessions. The lock is taken before the first bw runs there, and held for life.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../shared/errors.ts';
import { codeOf, inWords } from '../file-calls.ts';
import { makeFolder } from '../make-folder.ts';

const FILE_NAME = 'bw-helper.lock';

export interface ClaimOptions {
  /** Takes an exclusive lock for as long as the descriptor is open; false where somebody holds it. */
  readonly lockFile: (fd: number) => boolean;
  /** Who we are, for the other one's message. */
  readonly owner: string;
}

/** Claims `folder` at the first call. Throws profile-in-use, naming the other; data-file-unwritable. */
export function createClaim(folder: string, { lockFile, owner }: ClaimOptions): () => void {
  let claimed = false;
  return () => {
    if (claimed) return;
    const file = join(folder, FILE_NAME);
    const fd = openLock(folder, file);
    if (!lockFile(fd)) {
      closeSync(fd);
      const other = readFileSync(file, 'utf8').trim() || 'it does not say where';
      throw failure('profile-in-use', { owner: other, dataDir: folder });
    }
    ftruncateSync(fd);
    writeSync(fd, `${owner}\n`);
    claimed = true;
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
