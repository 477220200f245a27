/**
 * The audit: one JSON line for each answer that hands out or uses a secret or a session, on the disk
 * before the answer leaves. A disk that fails stops nobody: `helper status` tells.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AuditLine } from '../shared/audit.ts';
import { printableStrings } from '../shared/text.ts';
import type { Clock } from './clock.ts';
import { inWords } from './file-calls.ts';
import type { Log } from './log.ts';
import { makeFolder } from './make-folder.ts';

/**
 * Bytes of one file, some 12,000 lines; then it becomes `<file>.1`, and the one before that is dropped.
 * A script that asks each minute has a week in each of them.
 */
const AUDIT_BYTES = 4 * 1024 * 1024;

export interface Audit {
  /** Writes one line before it returns; text from elsewhere is made printable. Never throws. */
  record(line: Omit<AuditLine, 'at'>): void;
  /** A sentence for `helper status` while the last line could not be written. */
  problem(): string | undefined;
}

/** The audit in `file` (0600, its folder 0700). It is opened anew for each line, so it may be moved away. */
export function openAudit(file: string, { clock, log }: { clock: Clock; log: Log }): Audit {
  let problem: string | undefined;
  return {
    record(line) {
      const at = new Date(clock.wallMs()).toISOString();
      try {
        append(file, JSON.stringify({ at, ...line }, printableStrings));
        problem = undefined;
      } catch (thrown) {
        const before = problem;
        const code = (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).name;
        problem = `the audit ${file} cannot be written: ${inWords(code)}`;
        if (problem !== before) log.warn('audit not written', { code });
      }
    },
    problem: () => problem,
  };
}

function append(file: string, line: string): void {
  makeFolder(dirname(file));
  const fd = openSync(file, 'a+', 0o600);
  let full: boolean;
  try {
    const stat = fstatSync(fd);
    if (stat.isFile() && stat.mode & 0o077) fchmodSync(fd, 0o600);
    // A disk that was full may have taken half a line: the next one must not be lost with it.
    const bytes = Buffer.from(`${endsLine(fd, stat.size) ? '' : '\n'}${line}\n`);
    const written = writeSync(fd, bytes);
    if (written < bytes.length) throw Object.assign(new Error(), { code: 'ENOSPC' });
    full = stat.size + written >= AUDIT_BYTES;
  } finally {
    closeSync(fd);
  }
  if (full) renameSync(file, `${file}.1`);
}

function endsLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || readSync(fd, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
}
