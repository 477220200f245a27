/** Processes of others, looked up in /proc: Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';

/** pids of the processes that `pid` started and that have not ended. */
export function startedBy(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => stateOf(one)?.parent === pid);
}

/** Resolves when `pid` has ended; whether its parent has taken notice does not matter. */
export async function isOver(pid: number): Promise<void> {
  while ((stateOf(pid)?.state ?? 'Z') !== 'Z')
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What its memory takes now, in bytes. */
export function rssOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** What each of its descriptors leads to, without what differs from one process to the next. */
export function descriptorsOf(pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`).replace(/\[\d+\]$/, '')];
      } catch {
        return [];
      }
    })
    .toSorted();
}

/** The same, once nobody is connected to it any more. */
export async function settledDescriptorsOf(pid: number | undefined): Promise<string[]> {
  for (let before = ''; ; await pass(500)) {
    const now = descriptorsOf(pid);
    if (now.join() === before) return now;
    before = now.join();
  }
}

/** Command lines of the processes that have `text` in their arguments or environment, as far as both can be read. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [line = '', environ] = ['cmdline', 'environ'].map((name) =>
          readFileSync(`/proc/${pid}/${name}`, 'latin1'),
        );
        return `${line}${environ}`.includes(text) ? [line.replaceAll('\0', ' ')] : [];
      } catch {
        return [];
      }
    });
}

// `pid (name) state parent …`, and the name may hold anything.
function stateOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
