/** Processes of others, looked up in /proc: Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

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
