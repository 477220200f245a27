import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './system/file-calls.ts';

/** What bw and we put into a data folder (bw up to 2026.9.0). */
const OURS = /^(data\.json(\.lock|\.bw-helper(-kept|-room)?)?|bw-helper\.lock)$/;

/**
 * Deletes a data folder that was made for a profile; true where nothing is left of it. One with
 * anything else in it is left as it is, and so is a link: somebody wanted it elsewhere. What a
 * read-only disk keeps is left too.
 */
export function clearOwnFolder(folder: string): boolean {
  try {
    return clear(folder);
  } catch (thrown) {
    codeOf(thrown);
    return false;
  }
}

function clear(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return true;
  if (!found.isDirectory()) return false;
  const names = readdirSync(folder);
  if (!names.every((name) => OURS.test(name))) return false;
  for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
  rmdirSync(folder);
  return true;
}
