import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { SECRET_BYTES } from '../../shared/limits.ts';
import { Secret } from '../../shared/secret.ts';

/** Lines, or why they cannot be used: a phrase that follows "it". */
export type Lines = { readonly lines: Secret[] } | { readonly problem: string };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The first `count` lines of a stream, without CR and LF; fewer where it ends before. The stream is
 * paused afterwards, not closed: whoever writes to it must not be killed by a broken pipe.
 */
export function readLines(stream: Readable, count: number): Promise<Lines> {
  const lines: Secret[] = [];
  // Room for a CR, and for the one byte that is too many.
  const pending = Buffer.alloc(SECRET_BYTES + 2);
  let length = 0;
  const { promise, resolve } = Promise.withResolvers<Lines>();

  function takeLine(): void {
    const end = length > 0 && pending[length - 1] === CARRIAGE_RETURN ? length - 1 : length;
    lines.push(new Secret(Buffer.from(pending.subarray(0, end))));
    length = 0;
  }

  function onData(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === LINE_FEED) takeLine();
      else pending[length++] = byte;
      if (lines.length === count || length === pending.length) break;
    }
    chunk.fill(0);
    if (length === pending.length) done({ problem: TOO_LONG });
    else if (lines.length === count) done({ lines });
  }

  function onEnd(): void {
    if (length > 0) takeLine();
    done({ lines });
  }

  function onError(error: NodeJS.ErrnoException): void {
    done({ problem: `cannot be read (${error.code ?? error.name})` });
  }

  function done(outcome: Lines): void {
    stream.off('data', onData).off('end', onEnd).off('error', onError).pause();
    pending.fill(0);
    resolve(usable(outcome));
  }

  stream.on('data', onData).once('end', onEnd).once('error', onError);
  return promise;
}

const TOO_LONG = `has a line of more than ${SECRET_BYTES} bytes`;

function usable(outcome: Lines): Lines {
  if ('problem' in outcome) return outcome;
  if (outcome.lines.some((line) => line.bytes().length > SECRET_BYTES))
    return { problem: TOO_LONG };
  if (!outcome.lines.every((line) => isUtf8(line.bytes()))) return { problem: 'is not UTF-8' };
  return outcome;
}
