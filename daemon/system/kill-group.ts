import type { ChildProcess } from 'node:child_process';

export interface Killing {
  /** process.kill: a negative id means a whole group. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  readonly platform: NodeJS.Platform;
}

/** Sends a signal to a child that leads a group, and to all that it started. */
export function killGroup(
  { kill, platform }: Killing,
  child: Pick<ChildProcess, 'pid' | 'kill'>,
  signal: NodeJS.Signals,
): void {
  try {
    if (platform === 'win32') child.kill(signal);
    else if (child.pid) kill(-child.pid, signal);
  } catch {
    // ESRCH: nobody is left, which is what was wanted.
  }
}
