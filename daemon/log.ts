/**
 * The daemon's log: one JSON line an event, named fields of plain values only. There is no way to
 * hand it an object, a frame or a Secret; text from elsewhere is made printable.
 */
import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { failure } from '../shared/errors.ts';
import { printable } from '../shared/text.ts';
import { makeFolder } from './make-folder.ts';

/** A log above this size is set aside at the next start, and the one before it dropped. */
const LOG_BYTES = 1024 * 1024;
/** Lines that cannot be written wait up to this size for a disk with room again. */
const UNWRITTEN_BYTES = 1024 * 1024;

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
  const dest = typeof to === 'number' ? to : openForAppend(to);
  const level = debug ? 'debug' : 'info';
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const destination = pino.destination({ dest, sync: true, maxLength: UNWRITTEN_BYTES });
  // A full disk or a terminal that was closed must never keep the daemon from locking.
  destination.on('error', () => {});
  const logger = pino(options, destination);
  return {
    info: (event, fields) => logger.info(clean(fields), event),
    warn: (event, fields) => logger.warn(clean(fields), event),
    debug: (event, fields) => logger.debug(clean(fields), event),
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

function openForAppend(file: string): number {
  try {
    makeFolder(dirname(file));
    const fd = openSync(file, 'a', 0o600);
    if (fstatSync(fd).size <= LOG_BYTES) return fd;
    closeSync(fd);
    renameSync(file, `${file}.1`);
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw failure('daemon-start-failed', { problem: `its log ${file} cannot be opened (${code})` });
  }
}

function clean(fields: Fields = {}): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? printable(value) : value,
    ]),
  );
}
