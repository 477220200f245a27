/**
 * The only file that prints. Data goes to stdout, every word for people to stderr, so that
 * `$(helper get-session)` holds the key and nothing else.
 */
import { writeSync } from 'node:fs';
import { type Failure, failure } from '../shared/errors.ts';
import { harmless } from '../shared/text.ts';

export interface Output {
  /** One line of data on stdout. */
  data(line: string): void;
  /** One line for the person on stderr, made harmless. */
  say(line: string): void;
  /** What bw says to the person, on stderr as it is: see screen.ts. */
  pass(piece: string): void;
  /** Prints what went wrong, and what to do with `more` behind it; gives the exit code. */
  fail(failure: Failure, more?: string): number;
}

export function createOutput(): Output {
  const say = (line: string) => write(2, `${harmless(line)}\n`);
  return {
    data: (line) => write(1, `${line}\n`),
    say,
    pass: (piece) => write(2, piece),
    fail({ row }, more) {
      say(`helper: ${row.says}`);
      say(`        ${row.next}${more ? ` ${more}` : ''}`);
      return row.exit;
    },
  };
}

// Synchronous, so that exit can follow at once; loading process.stdout would cost more than the call.
function write(fd: number, what: string): void {
  let rest = Buffer.from(what);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // `helper --help | head -1`, or a terminal that was closed: nobody reads any more.
      if (code === 'EPIPE' || code === 'EIO') return;
      if (code !== 'EAGAIN') {
        // Nobody can be told that the words for people were lost.
        if (fd === 2) return;
        throw failure('output-failed', { problem: code ?? 'unknown' });
      }
      // A non-blocking pipe whose reader is slow: wait a moment and go on.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
