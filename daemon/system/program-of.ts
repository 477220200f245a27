import { readlinkSync } from 'node:fs';
import type { AuditCaller } from '../../shared/audit.ts';
import { statFields } from './proc-stat.ts';

/**
 * Which program a process runs, and which one started it; for display only, as both can change between
 * two looks. From Linux's /proc; elsewhere, and where it may not be read, nothing. Command lines and
 * environments are left alone: they may hold secrets. Never throws.
 */
export function programOf(
  pid: number | undefined,
  proc = '/proc',
): Pick<AuditCaller, 'program' | 'parent' | 'parentPid'> {
  if (!pid) return {};
  const program = executable(proc, pid);
  const parentPid = parentOf(proc, pid);
  const parent = parentPid && executable(proc, parentPid);
  return {
    ...(program && { program }),
    ...(parentPid && { parentPid }),
    ...(parent && { parent }),
  };
}

function executable(proc: string, pid: number): string | undefined {
  try {
    return readlinkSync(`${proc}/${pid}/exe`);
  } catch {
    return undefined;
  }
}

function parentOf(proc: string, pid: number): number | undefined {
  try {
    const parent = Number(statFields(pid, proc)?.[1]);
    return parent > 0 ? parent : undefined;
  } catch {
    return undefined;
  }
}
