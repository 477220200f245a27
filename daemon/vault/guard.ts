/**
 * data.json while bw works on it in its own place. bw truncates it and writes in place, so that a disk
 * without room leaves half of it, which its next run takes for nothing: the login would be lost (seen
 * with 2026.9.0).
 */
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { failure } from '../../shared/errors.ts';
import { codeOf, type FileDeps, inWords } from '../file-calls.ts';
import { tryRemoveFile } from '../remove-file.ts';
import type { Json } from './layouts.ts';
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
  await mend(file, around);
  const target = targetOf(file);
  const found = await wholeIn(target, around);
  if (!found) return await work();
  keep(target, keptBeside(target), JSON.stringify(found, null, 2), around);
  try {
    return await work();
  } finally {
    await mend(file, around);
  }
}

/**
 * Puts the copy in the place of a `file` that bw has left half or empty, also where the daemon of that
 * time was killed; afterwards there is no copy. Throws the system's error of that rename.
 */
export async function mend(file: string, around: FileDeps): Promise<void> {
  const target = targetOf(file);
  const kept = keptBeside(target);
  if (!existsSync(kept)) return;
  const lost = existsSync(target) && !(await wholeIn(target, around));
  if (lost && (await wholeIn(kept, around))) renameSync(kept, target);
  else tryRemoveFile(kept);
}

function keptBeside(target: string): string {
  return `${target}.bw-helper-kept`;
}

async function wholeIn(file: string, around: FileDeps): Promise<Json | undefined> {
  const found = await readSettled(file, around).catch(() => 'empty' as const);
  return typeof found === 'string' ? undefined : found.json;
}

function keep(target: string, kept: string, text: string, { calls }: FileDeps): void {
  try {
    // A mode that lets bw not write is its owner's will.
    closeSync(openSync(target, 'r+'));
    writeAside(kept, text, statSync(target), calls);
  } catch (thrown) {
    tryRemoveFile(kept);
    throw failure('data-file-unwritable', { file: target, problem: inWords(codeOf(thrown)) });
  }
}
