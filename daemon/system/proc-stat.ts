import { readFileSync } from 'node:fs';
import { codeOf } from './file-calls.ts';

/**
 * What Linux tells of a process behind its name, which may hold anything, also `) S 1`: state, ppid, …;
 * the start time is the 20th. Undefined where there is none, or it may not be seen; throws
 * too-many-files where it cannot be looked at now.
 */
export function statFields(pid: number, proc = '/proc'): string[] | undefined {
  try {
    const text = readFileSync(`${proc}/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (thrown) {
    codeOf(thrown);
    return undefined;
  }
}
