import { readFileSync } from 'node:fs';
import type { Context } from './context.ts';

/** Longest time from the answer to `stop` to the end of the process. */
const LEAVES_MS = 5_000;

/**
 * Resolves when a daemon that said it leaves has ended. It answers when everything is locked and wiped,
 * and ends a moment later. The bound is for a client in another container, where the number means
 * another process.
 */
export async function untilGone(context: Context, pid: number): Promise<void> {
  const deadline = performance.now() + LEAVES_MS;
  while (isAlive(context, pid) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive({ host }: Context, pid: number): boolean {
  try {
    host.kill(pid, 0);
    // A container's first process may reap nobody, and the dead look alive for ever.
    return (
      host.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    );
  } catch {
    return false;
  }
}
