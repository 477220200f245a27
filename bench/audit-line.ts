import { join } from 'node:path';
import { openAudit } from '../daemon/audit.ts';
import { systemClock } from '../daemon/system/clock.ts';
import { programOf } from '../daemon/system/program-of.ts';

const LINES = 1_000;

/**
 * What the audit adds to each warm `helper get-session`, inside the daemon: finding out who asks, and
 * one line on the disk of `folder`. The median of a thousand, in ms; it is far too small to be seen
 * in a whole process.
 */
export function auditLineMs(folder: string): number {
  const log = { info() {}, warn() {}, debug() {} };
  const audit = openAudit(join(folder, 'audit.jsonl'), { clock: systemClock(), log });
  const timesMs = Array.from({ length: LINES }, () => {
    const start = performance.now();
    const caller = { uid: 0, pid: process.pid, ...programOf(process.pid), label: 'pts/3' };
    audit.record({ what: 'session.get', outcome: 'granted', profile: 'default', caller });
    return performance.now() - start;
  });
  const problem = audit.problem();
  if (problem) throw new Error(problem);
  return timesMs.toSorted((a, b) => a - b)[LINES >> 1] ?? 0;
}
