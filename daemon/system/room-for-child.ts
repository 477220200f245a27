/** Starts no program where the descriptors for its pipes are missing. */
import type { spawn as nodeSpawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { codeOf } from './file-calls.ts';

/**
 * What one start takes at most for a moment: two ends for each of three standard streams and for libuv's
 * own pipe, with one to spare.
 */
const FOR_ONE_CHILD = 9;

/**
 * The same spawn; throws too-many-files where it would fail half-way by that: Node then leaves open for
 * ever what it has made of the pipes (seen with 24.21).
 */
export function whereRoom(spawn: typeof nodeSpawn, platform: NodeJS.Platform): typeof nodeSpawn {
  if (platform === 'win32') return spawn;
  return ((...args: Parameters<typeof nodeSpawn>) => {
    requireRoom();
    return spawn(...args);
  }) as typeof nodeSpawn;
}

function requireRoom(): void {
  const opened: number[] = [];
  try {
    while (opened.length < FOR_ONE_CHILD) opened.push(openSync('/dev/null', 'r'));
  } catch (thrown) {
    // What else is wrong spawn tells by itself.
    codeOf(thrown);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
