import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type AuditLine, parseAuditLine } from '../../shared/audit.ts';
import { failure } from '../../shared/errors.ts';
import { printable, printableStrings } from '../../shared/text.ts';
import type { Context } from '../context.ts';

/** Lines that a person is shown without `--tail`. */
const SHOWN_LINES = 50;

export interface AuditFlags {
  readonly json?: boolean;
  readonly tail?: number;
}

/**
 * `helper audit [--json] [--tail N]`: who got what, the newest last. Reads the files themselves, so
 * that it needs no daemon. Throws audit-unreadable.
 */
export function auditCommand({ paths, output }: Context, { json, tail }: AuditFlags): void {
  const written = readBoth(paths.audit).split('\n').filter(Boolean);
  const lines = written.map(parseAuditLine).filter((line) => line !== undefined);
  const wanted = tail ?? (json ? lines.length : SHOWN_LINES);
  const newest = lines.slice(Math.max(lines.length - wanted, 0));
  // The files are the person's own, but any program of theirs could have written there.
  for (const line of newest)
    output.data(json ? JSON.stringify(line, printableStrings) : sentence(line));
  if (lines.length === 0)
    output.say(
      `Nothing was recorded yet (${paths.audit}); \`helper status\` says so if it cannot be written.`,
    );
  const odd = written.length - lines.length;
  if (odd > 0) output.say(`${odd} of the lines in ${paths.audit} cannot be read.`);
}

function sentence({ at, what, outcome, error, why, profile, caller, params }: AuditLine): string {
  const extra = [...Object.values(params ?? {}), error, why].filter((one) => one !== undefined);
  const words = [localTime(at), outcome, what, ...extra, profile && `[${profile}]`, by(caller)];
  return words.filter(Boolean).map(String).map(printable).join('  ');
}

function by(caller: AuditLine['caller']): string {
  if (!caller) return 'by itself';
  const { pid, program, parent, parentPid, label, uid } = caller;
  const started = parent && `from ${basename(parent)} ${parentPid}`;
  const process = pid && [program && basename(program), pid].filter(Boolean).join(' ');
  return [label, process, started, uid !== undefined && `uid ${uid}`].filter(Boolean).join(', ');
}

// 2026-11-24 17:33:02, in the zone of whoever reads.
function localTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : date.toLocaleString('sv-SE');
}

/** The one before and the one of now; opened anew where the daemon set one aside in between. */
function readBoth(file: string): string {
  for (let first = true; ; first = false) {
    const now = open(file);
    let before = open(`${file}.1`);
    try {
      if (now && before && now.inode === before.inode) {
        if (first) continue;
        // The same again: a link that somebody has made.
        closeSync(before.fd);
        before = undefined;
      }
      return [before, now].map((one) => (one ? readFileSync(one.fd, 'utf8') : '')).join('\n');
    } catch (thrown) {
      throw unreadable(file, thrown);
    } finally {
      for (const one of [now, before]) if (one) closeSync(one.fd);
    }
  }
}

function open(file: string): { fd: number; inode: number } | undefined {
  try {
    const fd = openSync(file, 'r');
    return { fd, inode: fstatSync(fd).ino };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, thrown);
  }
}

function unreadable(file: string, thrown: unknown) {
  const { code, name } = thrown as NodeJS.ErrnoException;
  return failure('audit-unreadable', { file, problem: code ?? name });
}
