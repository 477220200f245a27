import { closeSync, fsyncSync, openSync } from 'node:fs';
import { errnoOf } from './file-calls.ts';

/**
 * Makes a rename in `folder` last through a power cut. The new content stands there already, so a file
 * system that cannot do this (EINVAL), or no descriptor for it, is no failure.
 */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    errnoOf(thrown);
  }
}
