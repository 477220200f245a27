/** Every program that a command and all its descendants ever start, seen by strace: Linux only. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Seen } from './canary.ts';

/** Why nothing can be traced here; undefined where it can. */
export function untraceable(): string | undefined {
  const { error, status } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']);
  if (error) return 'needs strace, which is not installed';
  return status === 0 ? undefined : 'needs strace, which this system does not let run';
}

/**
 * The command, with each execve in it written to `file`: whole arguments and environments, in hex.
 * It ends when the last of its descendants has ended.
 */
export function traced(file: string, command: readonly string[]): string[] {
  const whole = ['-v', '-xx', '-s', '131072'];
  return ['strace', '-f', '-qq', '-o', file, '-e', 'trace=execve', ...whole, ...command];
}

/** What was started, oldest first. */
export function readTrace(file: string): Seen[] {
  // A call that another one interrupts is cut after its arguments, so only those are looked at.
  const call = /^(\d+) +execve\("(?:\\x..)*", \[(.*?)\], \[(.*?)\]/gm;
  return [...readFileSync(file, 'latin1').matchAll(call)].map(
    ([, pid, argv = '', environ = '']) => ({
      pid: Number(pid),
      argv: strings(argv),
      environ: strings(environ),
    }),
  );
}

function strings(list: string): Buffer[] {
  return [...list.matchAll(/"((?:\\x..)*)"/g)].map(([, hex = '']) =>
    Buffer.from(hex.replaceAll('\\x', ''), 'hex'),
  );
}
