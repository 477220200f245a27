/**
 * The commands that hold a session. `helper exec` becomes its command, so that the pid of the caller
 * is that of the command; with its start time nobody who gets the same number later is taken for it.
 */
import { statFields } from './system/proc-stat.ts';

/**
 * What no later process with this pid shares; undefined where it has ended, or cannot be seen. Throws
 * too-many-files where it cannot be looked at now.
 */
export type StartOf = (pid: number) => string | undefined;

export interface Holds {
  /** Throws what `startOf` throws. */
  add(pid: number): void;
  /** Whether one of them lives; forgets the others. */
  any(): boolean;
}

export function createHolds(startOf: StartOf): Holds {
  const held = new Map<number, string>();

  // Who cannot be looked at now is not said to have ended.
  function hasEnded(pid: number, start: string): boolean {
    try {
      return startOf(pid) !== start;
    } catch {
      return false;
    }
  }

  return {
    add(pid) {
      const start = startOf(pid);
      if (start !== undefined) held.set(pid, start);
    },
    any() {
      for (const [pid, start] of held) if (hasEnded(pid, start)) held.delete(pid);
      return held.size > 0;
    },
  };
}

/** Linux only: elsewhere the kernel tells us no caller's pid either, and nothing is held. */
export function systemStartOf(platform: NodeJS.Platform): StartOf {
  return platform === 'linux' ? fromProc : () => undefined;
}

function fromProc(pid: number): string | undefined {
  const fields = statFields(pid);
  // Ended, and only its parent has not taken notice yet.
  return /^[ZX]/.test(fields?.[0] ?? '') ? undefined : fields?.[19];
}
