/**
 * The daemon's log: one JSON line an event, named fields of plain values only. There is no way to
 * hand it an object, a frame or a Secret; text from elsewhere is made printable.
 */
import pino from 'pino';
import { printable } from '../shared/text.ts';
import { openLogFile } from './log-file.ts';

/** Lines that a terminal or a pipe does not take wait up to this size. */
const UNWRITTEN_BYTES = 1024 * 1024;

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  /** Written only with BW_HELPER_DEBUG=1: the wire's method names and sizes. */
  debug(event: string, fields?: Fields): void;
}

export interface OpenLog extends Log {
  /** A sentence for `helper status` while its file takes no line. */
  problem(): string | undefined;
}

/**
 * Writes to a file (0600, its folder 0700) or to an open descriptor; each line before the call
 * returns, so that a crash loses none. Throws what openLogFile does.
 */
export function openLog(to: string | number, debug: boolean): OpenLog {
  const level = debug ? 'debug' : 'info';
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const file = typeof to === 'string' ? openLogFile(to) : undefined;
  const logger = pino(options, file ?? openDescriptor(Number(to)));
  return {
    info: (event, fields) => logger.info(clean(fields), event),
    warn: (event, fields) => logger.warn(clean(fields), event),
    debug: (event, fields) => logger.debug(clean(fields), event),
    problem: () => file?.problem(),
  };
}

function openDescriptor(dest: number) {
  const destination = pino.destination({ dest, sync: true, maxLength: UNWRITTEN_BYTES });
  // A terminal that was closed must never keep the daemon from locking.
  return destination.on('error', () => {});
}

/** The same log, with `fields` in each line. */
export function withFields(log: Log, fields: Fields): Log {
  return {
    info: (event, more) => log.info(event, { ...fields, ...more }),
    warn: (event, more) => log.warn(event, { ...fields, ...more }),
    debug: (event, more) => log.debug(event, { ...fields, ...more }),
  };
}

function clean(fields: Fields = {}): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? printable(value) : value,
    ]),
  );
}
