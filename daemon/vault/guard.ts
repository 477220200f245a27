/**
 * data.json while bw works on it in its own place. bw truncates it and writes in place, so that a disk
 * without room leaves half of it, which its next run takes for nothing: the login would be lost (seen
 * with 2026.9.0).
 */
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { type Failure, failure, toFailure } from '../../shared/errors.ts';
import { codeOf, type FileDeps, inWords } from '../system/file-calls.ts';
import { tryRemoveFile } from '../system/remove-file.ts';
import type { Json } from './layouts.ts';
import { withLock } from './lock.ts';
import { readSettled } from './read-settled.ts';
import { rename, targetOf, writeAside } from './replace.ts';

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
 * time was killed; afterwards there is no copy. Throws, and leaves both, where they cannot be read or
 * the copy cannot be put there now.
 */
export async function mend(file: string, around: FileDeps): Promise<void> {
  const target = targetOf(file);
  const kept = keptBeside(target);
  if (!hasCopy(file)) return;
  if ((await isLost(target, around)) && !(await isLost(kept, around)))
    await putBack(kept, target, around);
  tryRemoveFile(kept);
}

/** Whether there is a copy: of a run that is under way, or left by one. */
export function hasCopy(file: string): boolean {
  return existsSync(keptBeside(targetOf(file)));
}

function keptBeside(target: string): string {
  return `${target}.bw-helper-kept`;
}

/** False without a file. Throws where it cannot be told now: what cannot be read is not lost. */
async function isLost(file: string, around: FileDeps): Promise<boolean> {
  try {
    return (await readSettled(file, around)) === 'empty';
  } catch (thrown) {
    if (isBroken(file, around)) return true;
    throw thrown;
  }
}

function isBroken(file: string, { calls }: FileDeps): boolean {
  try {
    JSON.parse(calls.readFile(file));
    return false;
  } catch (thrown) {
    return thrown instanceof SyntaxError;
  }
}

async function putBack(kept: string, target: string, around: FileDeps): Promise<void> {
  await withLock(target, around.clock, async () => {
    // Without the lock it may have been half as another bw was writing it.
    if (!(await isLost(target, around))) return;
    try {
      await rename(kept, target, around);
    } catch (thrown) {
      throw unwritable(target, thrown);
    }
  });
}

/** Undefined for what is nothing that could be kept. Throws too-many-files. */
async function wholeIn(file: string, around: FileDeps): Promise<Json | undefined> {
  try {
    const found = await readSettled(file, around);
    return typeof found === 'string' ? undefined : found.json;
  } catch (thrown) {
    if (toFailure(thrown).is('too-many-files')) throw thrown;
    return undefined;
  }
}

function keep(target: string, kept: string, text: string, { calls }: FileDeps): void {
  try {
    // A mode that lets bw not write is its owner's will.
    closeSync(openSync(target, 'r+'));
    writeAside(kept, text, statSync(target), calls);
  } catch (thrown) {
    tryRemoveFile(kept);
    throw unwritable(target, thrown);
  }
}

function unwritable(file: string, thrown: unknown): Failure {
  return failure('data-file-unwritable', { file, problem: inWords(codeOf(thrown)) });
}
