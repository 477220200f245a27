/** The limit of descriptors of a process, while it runs: Linux only. */
import koffi from 'koffi';
import { askRaw } from './raw-client.ts';

const RLIMIT_NOFILE = 7;
/** A connection that was closed may still be open at its other end. */
const LOOKS = 5;

/**
 * Sets the soft limit and gives the one before. That needs no root, and neither does it to raise it again,
 * up to the hard one.
 */
export function limitDescriptors(pid: number, most: number): number {
  const prlimit = koffi
    .load(null)
    .func('int prlimit(int pid, int resource, const uint64_t *limits, _Out_ uint64_t *before)');
  const before = [0, 0];
  const found = prlimit(pid, RLIMIT_NOFILE, null, before) === 0;
  const [soft = 0, hard = 0] = before;
  if (!found || prlimit(pid, RLIMIT_NOFILE, [most, hard], [0, 0]) !== 0)
    throw new Error(`prlimit: errno ${koffi.errno()}`);
  return soft;
}

/** Does `work`; from its call of `none` on this process can open nothing, until it has ended. */
export async function losingDescriptors<T>(work: (none: () => void) => T | Promise<T>): Promise<T> {
  let before: number | undefined;
  try {
    return await work(() => {
      before = limitDescriptors(process.pid, 0);
    });
  } finally {
    if (before !== undefined) limitDescriptors(process.pid, before);
  }
}

/** Does `work` while this process can open nothing. */
export async function withoutDescriptors<T>(work: () => T | Promise<T>): Promise<T> {
  return await losingDescriptors((none) => {
    none();
    return work();
  });
}

/**
 * Leaves the daemon one descriptor, which its next connection takes; gives the limit that does it.
 * Found by asking, as a daemon shows its descriptors to nobody but root.
 */
export async function leaveOne(pid: number, socketPath: string): Promise<number> {
  for (let most = 100; most > 0; most -= 1) {
    limitDescriptors(pid, most);
    if (await answers(socketPath)) continue;
    limitDescriptors(pid, most + 1);
    return most + 1;
  }
  throw new Error('The daemon answers without any descriptor');
}

async function answers(socketPath: string): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks += 1)
    try {
      await askRaw(socketPath, 'daemon.info');
      return true;
    } catch {
      // Refused, or closed at once.
    }
  return false;
}
