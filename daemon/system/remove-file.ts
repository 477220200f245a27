import { unlinkSync } from 'node:fs';
import { codeOf } from './file-calls.ts';

/**
 * Removes a file; none is content too. Throws the system's error, which Node's own `rmSync` does not
 * give where the file system is read-only: its code is empty then (seen with Node 24).
 */
export function removeFile(file: string): void {
  try {
    unlinkSync(file);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** The same where something else has failed already, and its error is the one to be told. */
export function tryRemoveFile(file: string): void {
  try {
    removeFile(file);
  } catch {
    // It goes before the next write.
  }
}
