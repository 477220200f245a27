import { readFileSync } from 'node:fs';
import { type Failure, failure } from '../shared/errors.ts';
import { SILENCE_MS } from '../shared/limits.ts';

/** A daemon that says nothing, by the pid that it wrote into its lock file; `?` where that tells none. */
export function daemonSilent(lock: string): Failure {
  return failure('daemon-silent', { seconds: SILENCE_MS / 1_000, pid: pidIn(lock) ?? '?' });
}

function pidIn(lock: string): string | undefined {
  try {
    return /^\d+(?=\n$)/.exec(readFileSync(lock, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}
