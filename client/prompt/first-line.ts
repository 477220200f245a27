import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import type { Stdin } from './stdin.ts';

const LINE_FEED = 0x0a;
/** A descriptor that never blocks says at once that nothing is there; then it is asked again. */
const AGAIN_MS = 10;

/**
 * The first line of a descriptor and not a byte more: the rest is for the program that we become.
 * process.stdin would read on, and leave a pipe that never blocks.
 */
export function firstLineOf(fd: number): Stdin {
  const own = openAnew(fd);
  const stream = new Readable({
    highWaterMark: 1,
    read: () => readByte(),
    destroy(error, done) {
      if (own !== undefined) closeSync(own);
      done(error);
    },
  });
  function readByte(): void {
    read(own ?? fd, Buffer.alloc(1), 0, 1, null, (error, count, byte) => {
      if (error?.code === 'EAGAIN') return void setTimeout(readByte, AGAIN_MS);
      // EOF is Windows' word for the end of a pipe.
      if (error && error.code !== 'EOF') return void stream.destroy(error);
      // Who takes it wipes it.
      const isLast = !(count > 0) || byte[0] === LINE_FEED;
      if (count > 0) stream.push(byte);
      if (isLast) stream.push(null);
    });
  }
  return Object.assign(stream, { isTTY: isatty(fd) });
}

/**
 * The same pipe by a descriptor that never blocks, which the other end and the next program do not see.
 * process.exit waits for a read that blocks (Node 24.21), and so would we for a writer that says
 * nothing. Only Linux has a way to it; a file does not block, and a socket cannot be opened anew.
 */
function openAnew(fd: number): number | undefined {
  try {
    if (!fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
