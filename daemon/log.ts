/**
 * The daemon's log: one JSON line an event, named fields of plain values only. There is no way to
 * hand it an object, a frame or a Secret; text from elsewhere is made printable.
 */
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { failure } from '../shared/errors.ts';
import { printable } from '../shared/text.ts';
import { codeOf } from './file-calls.ts';
import { makeFolder } from './make-folder.ts';

/** A log above this size is set aside, and the one before it dropped. */
const LOG_BYTES = 1024 * 1024;
/** After so many lines its size is looked at. */
const LOOK_LINES = 256;
/** Lines that cannot be written wait up to this size for a disk with room again. */
const UNWRITTEN_BYTES = 1024 * 1024;

const WRITING = { sync: true, maxLength: UNWRITTEN_BYTES } as const;

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  /** Written only with BW_HELPER_DEBUG=1: the wire's method names and sizes. */
  debug(event: string, fields?: Fields): void;
}

/**
 * Writes to a file (0600, its folder 0700) or to an open descriptor; each line before the call
 * returns, so that a crash loses none. Throws daemon-start-failed.
 */
export function openLog(to: string | number, debug: boolean): Log {
  const level = debug ? 'debug' : 'info';
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const destination =
    typeof to === 'number' ? pino.destination({ dest: to, ...WRITING }) : openFile(to);
  // A full disk or a terminal that was closed must never keep the daemon from locking.
  destination.on('error', () => {});
  const logger = pino(options, destination);
  let lines = 0;
  function write(as: 'info' | 'warn' | 'debug', event: string, fields?: Fields): void {
    logger[as](clean(fields), event);
    lines += 1;
    if (typeof to === 'string' && lines % LOOK_LINES === 0) startAnew(to, destination);
  }
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    debug: (event, fields) => write('debug', event, fields),
  };
}

/** The same log, with `fields` in each line. */
export function withFields(log: Log, fields: Fields): Log {
  return {
    info: (event, more) => log.info(event, { ...fields, ...more }),
    warn: (event, more) => log.warn(event, { ...fields, ...more }),
    debug: (event, more) => log.debug(event, { ...fields, ...more }),
  };
}

type Destination = ReturnType<typeof pino.destination>;

function openFile(file: string): Destination {
  try {
    makeFolder(dirname(file));
    setAsideIfLarge(file);
    return pino.destination({ dest: file, mode: 0o600, ...WRITING });
  } catch (error) {
    const problem = `its log ${file} cannot be opened (${codeOf(error)})`;
    throw failure('daemon-start-failed', { problem });
  }
}

function startAnew(file: string, destination: Destination): void {
  try {
    // Where there is no descriptor for the new one the old one goes on.
    closeSync(openSync(file, 'r'));
    if (setAsideIfLarge(file)) destination.reopen();
  } catch {
    // A folder that was taken away, for instance: the next look may find it again.
  }
}

function setAsideIfLarge(file: string): boolean {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= LOG_BYTES) return false;
  renameSync(file, `${file}.1`);
  return true;
}

function clean(fields: Fields = {}): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? printable(value) : value,
    ]),
  );
}
