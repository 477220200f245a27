import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Needle, Sighting } from './canary.ts';

const fixture = fileURLToPath(new URL('../fixtures/watches-world.ts', import.meta.url));

/** Watches from a process of its own, so that nothing it is told stands in anybody's memory but its. */
export interface Watcher {
  /** Where any of these stood at any moment that was looked at so far, the present one included. */
  find(needles: readonly Needle[]): Promise<Sighting[]>;
  stop(): Promise<void>;
}

/**
 * Watches files below `folders`, and with `processes` how every process of this machine was started
 * (Linux; environments as far as they may be read). Resolves after the first look.
 */
export async function watch(watched: {
  readonly folders: readonly string[];
  readonly processes?: boolean;
}): Promise<Watcher> {
  const child = spawn(process.execPath, [fixture], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value } = await lines.next();
    if (value === undefined) throw new Error('The watcher has ended');
    return JSON.parse(value);
  };
  await ask({ processes: false, ...watched });
  return {
    find: async (needles) =>
      (await ask(
        needles.map(({ name, bytes }) => ({ name, hex: bytes.toString('hex') })),
      )) as Sighting[],
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
