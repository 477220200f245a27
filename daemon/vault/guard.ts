/**
 * data.json while bw works on it in its own place. bw truncates it and writes in place, so that a disk
 * without room leaves half of it, which its next run takes for nothing: the login would be lost (seen
 * with 2026.9.0).
 */
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { failure } from '../../shared/errors.ts';
import { codeOf, type FileDeps, inWords } from '../file-calls.ts';
import { removeFile, tryRemoveFile } from '../remove-file.ts';
import { readSettled } from './read-settled.ts';
import { targetOf, writeAside } from './replace.ts';

/**
 * Does `work` with a copy of `file` beside it, and puts that in its place where a half or an empty one is
 * left. Where there is no room for the copy there is none for bw either: throws data-file-unwritable
 * before anything is done. What is no whole JSON object to begin with is not kept.
 */
export async function guarded<T>(
  file: string,
  around: FileDeps,
  work: () => Promise<T>,
): Promise<T> {
  const target = targetOf(file);
  const found = await readSettled(target, around).catch(() => 'empty' as const);
  if (typeof found === 'string') return await work();
  const kept = `${target}.bw-helper-kept`;
  keep(target, kept, JSON.stringify(found.json, null, 2), around);
  try {
    return await work();
  } finally {
    const left = await readSettled(target, around).catch(() => 'empty' as const);
    if (left === 'empty') renameSync(kept, target);
    else tryRemoveFile(kept);
  }
}

function keep(target: string, kept: string, text: string, { calls }: FileDeps): void {
  try {
    // Left behind by a daemon that was killed meanwhile.
    removeFile(kept);
    // A mode that lets bw not write is its owner's will.
    closeSync(openSync(target, 'r+'));
    writeAside(kept, text, statSync(target), calls);
  } catch (thrown) {
    tryRemoveFile(kept);
    throw failure('data-file-unwritable', { file: target, problem: inWords(codeOf(thrown)) });
  }
}
