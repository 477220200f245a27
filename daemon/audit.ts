/**
 * The audit: one JSON line for each answer that hands out or uses a secret or a session, on the disk
 * before the answer leaves. A disk that fails stops nobody: `helper status` tells, and the lines wait.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AuditLine } from '../shared/audit.ts';
import { printableStrings } from '../shared/text.ts';
import type { Log } from './log.ts';
import type { Clock } from './system/clock.ts';
import { cureOf, inWords } from './system/file-calls.ts';
import { makeFolder } from './system/make-folder.ts';

/**
 * Bytes of one file, some 12,000 lines; then it becomes `<file>.1`, and the one before that is dropped.
 * A script that asks each minute has a week in each of them.
 */
const AUDIT_BYTES = 4 * 1024 * 1024;
/** Lines that wait for a disk that takes them; what comes then is dropped. */
const WAITING_LINES = 4_000;

export interface Audit {
  /** Writes one line before it returns; text from elsewhere is made printable. Never throws. */
  record(line: Omit<AuditLine, 'at'>): void;
  /** A sentence for `helper status` while lines could not be written; tries once more. */
  problem(): string | undefined;
}

/** The audit in `file` (0600, its folder 0700). It is opened anew for each line, so it may be moved away. */
export function openAudit(file: string, { clock, log }: { clock: Clock; log: Log }): Audit {
  let waiting: string[] = [];
  let full = false;
  let code: string | undefined;

  function flush(): void {
    const before = code;
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        full = append(file, next);
        waiting = waiting.slice(1);
        setAside();
      }
      // Once more where it failed.
      setAside();
      code = undefined;
    } catch (thrown) {
      code = (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).name;
      if (code !== before) log.warn('audit not written', { code });
    }
  }

  function setAside(): void {
    if (full && existsSync(file)) renameSync(file, `${file}.1`);
    full = false;
  }

  return {
    record(line) {
      const at = new Date(clock.wallMs()).toISOString();
      if (waiting.length < WAITING_LINES)
        waiting.push(JSON.stringify({ at, ...line }, printableStrings));
      flush();
    },
    problem() {
      if (code !== undefined) flush();
      if (code === undefined) return undefined;
      const waits = `; ${waiting.length === 1 ? 'a line waits' : `${waiting.length} lines wait`} for that, until the daemon ends.`;
      return `the audit ${file} cannot be written: ${inWords(code)}. ${cureOf(code)}${waiting.length > 0 ? waits : '.'}`;
    },
  };
}

/** True where the file has reached its size with it. */
function append(file: string, line: string): boolean {
  makeFolder(dirname(file));
  const fd = openSync(file, 'a+', 0o600);
  try {
    const stat = fstatSync(fd);
    if (stat.isFile() && stat.mode & 0o077) fchmodSync(fd, 0o600);
    // A daemon that was killed may have left half a line: the next one must not be lost with it.
    const bytes = Buffer.from(`${endsLine(fd, stat.size) ? '' : '\n'}${line}\n`);
    const written = writeSync(fd, bytes);
    if (written < bytes.length) {
      if (stat.isFile()) ftruncateSync(fd, stat.size);
      throw Object.assign(new Error(), { code: 'ENOSPC' });
    }
    return stat.size + written >= AUDIT_BYTES;
  } finally {
    closeSync(fd);
  }
}

function endsLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || readSync(fd, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
}
