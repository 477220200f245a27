import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import { failure } from '../../shared/errors.ts';
import type { Clock } from '../system/clock.ts';
import { codeOf, inWords, sleep } from '../system/file-calls.ts';
import { makeFolder } from '../system/make-folder.ts';

// As bw asks for its lock (2023.12.1 to 2026.9.0: 50 retries, 100 to 250 ms, doubling), some 12 s in
// all: longer than the 10 s after which the lock of a dead process is taken over.
const STALE_MS = 10_000;
const RETRIES = 50;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 250;

/**
 * Does `work` under the lock that bw itself takes for `target`, the folder `<target>.lock`. `target`
 * must be free of symbolic links, as bw resolves them first. Neither it nor its folder need exist; the
 * folder is made, with 0700. `stillOurs` turns false if somebody took the lock over. Throws
 * data-file-busy, and data-file-unwritable where a folder cannot be made.
 */
export async function withLock<T>(
  target: string,
  clock: Clock,
  work: (stillOurs: () => boolean) => Promise<T>,
): Promise<T> {
  let ours = true;
  const release = await acquire(target, clock, () => {
    ours = false;
  });
  try {
    return await work(() => ours);
  } finally {
    // Somebody who took it over has removed it already.
    await release().catch(() => {});
  }
}

async function acquire(target: string, clock: Clock, lost: () => void) {
  for (let retries = 0; ; retries += 1) {
    try {
      makeFolder(dirname(target));
      // The library's own retries would also wait 12 s for a folder that can't be written.
      return await lock(target, {
        stale: STALE_MS,
        realpath: false,
        retries: 0,
        // Its default throws from a timer, which would end the daemon.
        onCompromised: lost,
      });
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code !== 'ELOCKED')
        throw failure('data-file-unwritable', { file: target, problem: inWords(code) });
      if (retries === RETRIES) throw failure('data-file-busy', { file: target });
    }
    await sleep(clock, Math.min(FIRST_WAIT_MS * 2 ** retries, LONGEST_WAIT_MS));
  }
}
