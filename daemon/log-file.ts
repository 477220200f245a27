/** The file of the log: opened as soon as it can be; what it does not take waits for room. */
import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import { cureOf, errnoOf, inWords, isOfTheDisk } from './system/file-calls.ts';
import { makeFolder } from './system/make-folder.ts';

/** A log above this size is set aside, and the one before it dropped. */
const LOG_BYTES = 1024 * 1024;
/** After so many lines its size is looked at. */
const LOOK_LINES = 256;
/** Lines that cannot be written wait up to this size; what comes then is dropped. */
const WAITING_BYTES = 1024 * 1024;

export interface LogFile {
  /** On the disk when this returns, where that takes it. Never throws. */
  write(line: string): void;
  /** A sentence for `helper status` while it takes none; tries once more. */
  problem(): string | undefined;
}

/**
 * The log in `file` (0600, its folder 0700). A disk that is full or may not be written stops nobody.
 * Throws too-many-files, and daemon-start-failed where it cannot be opened for another reason.
 */
export function openLogFile(file: string): LogFile {
  let fd: number | undefined;
  let waiting: Buffer[] = [];
  let code: string | undefined;
  let lines = 0;

  function flush(): void {
    try {
      fd ??= open(file);
      for (let next = waiting[0]; next; next = waiting[0]) {
        const rest = next.subarray(writeSync(fd, next));
        waiting = rest.length > 0 ? [rest, ...waiting.slice(1)] : waiting.slice(1);
      }
      code = undefined;
    } catch (thrown) {
      code = errnoOf(thrown);
    }
  }

  function startAnew(): void {
    try {
      // Where there is no descriptor for the new one the old one goes on.
      closeSync(openSync(file, 'r'));
      if (!setAsideIfLarge(file)) return;
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    } catch {
      // A folder that was taken away, for instance: the next look may find it again.
    }
  }

  flush();
  if (code !== undefined && !isOfTheDisk(code)) throw notOpened(file, code);
  return {
    write(line) {
      const bytes = Buffer.from(line);
      const before = waiting.reduce((sum, { length }) => sum + length, 0);
      if (before + bytes.length <= WAITING_BYTES) waiting.push(bytes);
      flush();
      lines += 1;
      if (lines % LOOK_LINES === 0) startAnew();
    },
    problem() {
      if (code !== undefined) flush();
      return (
        code &&
        `the log ${file} cannot be written: ${inWords(code)}. ${cureOf(code)}; its lines wait for that.`
      );
    },
  };
}

function notOpened(file: string, code: string): Failure {
  const reason = toFailure({ code });
  return reason.is('too-many-files')
    ? reason
    : failure('daemon-start-failed', { problem: `its log ${file} cannot be opened (${code})` });
}

function open(file: string): number {
  makeFolder(dirname(file));
  setAsideIfLarge(file);
  return openSync(file, 'a', 0o600);
}

function setAsideIfLarge(file: string): boolean {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= LOG_BYTES) return false;
  renameSync(file, `${file}.1`);
  return true;
}
