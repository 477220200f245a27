/** What every way of asking a person has in common: terminal, askpass program, stdin. */
import { Failure, failure } from '../../shared/errors.ts';
import { PASSWORD_TRIES } from '../../shared/limits.ts';
import type { Secret } from '../../shared/secret.ts';

/** The part of `process` that asking needs; main.ts passes `process` itself. */
export type Host = Pick<
  NodeJS.Process,
  'platform' | 'pid' | 'stdin' | 'on' | 'off' | 'kill' | 'execve' | 'exitCode'
>;

/** One secret to be typed. */
export interface Question {
  /** Made printable before it is shown. */
  readonly prompt: string;
  /** A new secret: it is typed twice, alike. */
  readonly confirm?: boolean;
  /** Called when a person shows that they are there. */
  readonly onKey?: () => void;
}

export interface Asker {
  /**
   * Rejects with prompt-cancelled, prompt-timeout, askpass-failed or usage, and with the signal's own
   * reason where the question was withdrawn.
   */
  secret(question: Question, signal: AbortSignal): Promise<Secret>;
}

/** The exit code that shells give to a program that was interrupted. */
export const INTERRUPTED = 130;

/** Ctrl-C: prompt-cancelled, with that exit code. */
export function interrupted(): Failure {
  return new Failure({ ...failure('prompt-cancelled').row, exit: INTERRUPTED });
}

/** Asks until two answers in a row are alike; `usage` after three pairs that were not. */
export async function typedTwice(
  prompt: string,
  once: (prompt: string) => Promise<Secret>,
): Promise<Secret> {
  let lead = '';
  for (let pair = 0; pair < PASSWORD_TRIES; pair++) {
    const first = await once(`${lead}${prompt}`);
    const second = await once(`The same again, to be sure. ${prompt}`);
    const alike = first.bytes().equals(second.bytes());
    second.wipe();
    if (alike) return first;
    first.wipe();
    lead = 'The two differ; please start over. ';
  }
  throw failure('usage', { problem: 'The two answers differed each time.' });
}
