/**
 * The terminal itself: /dev/tty and not stdin, so that asking works with stdin redirected and stdout
 * captured, as in `$(helper get-session)`.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';

/** An open terminal. Only its owner's questions are on it. */
export interface Device {
  readonly input: ReadStream;
  write(text: string): void;
  /** No echo, every key at once, no signals from keys. Problems come as `error` of `input`. */
  raw(): void;
  /** The mode that was there before `raw`. */
  restore(): void;
  /** Throws away what was typed so far. */
  discard(): void;
  close(): void;
}

/** Opens the controlling terminal. Throws the system's error where there is none. */
export function openDevice(platform: NodeJS.Platform): Device {
  return platform === 'win32' ? openConsole() : openTty();
}

function openTty(): Device {
  const fd = openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const input = new ReadStream(fd);
  return {
    ...modes(input),
    write: (text) => input.write(text),
    discard: () => discard(fd),
    close() {
      input.destroy();
      // The stream has opened the terminal anew and closes only that (seen with Node 24); where it
      // could not, it took this descriptor and has just closed it.
      try {
        closeSync(fd);
      } catch {}
    },
  };
}

// A console has a side for reading and one for writing.
function openConsole(): Device {
  const input = new ReadStream(openSync('\\\\.\\CONIN$', 'r+'));
  const output = new WriteStream(openSync('\\\\.\\CONOUT$', 'r+'));
  return {
    ...modes(input),
    write: (text) => output.write(text),
    discard() {},
    close() {
      input.destroy();
      output.destroy();
    },
  };
}

function modes(input: ReadStream) {
  return {
    input,
    raw() {
      // The stream only remembers what it set itself: if a shell had the terminal since, "raw" is not so.
      input.setRawMode(false);
      input.setRawMode(true);
    },
    restore: () => void input.setRawMode(false),
  };
}

function discard(fd: number): void {
  const scrap = Buffer.alloc(1_024);
  try {
    while (readSync(fd, scrap) > 0);
  } catch {
    // EAGAIN: nothing is left. Any other trouble shows when the stream reads.
  }
  scrap.fill(0);
}
