import { closeSync, readdirSync, readFileSync } from 'node:fs';

const LAST_STANDARD = 2;
/** Close-on-exec, as the octal flags in fdinfo have it; Node sets it on all that it opens itself (24). */
const CLOEXEC = 0o2000000;

/**
 * Closes every descriptor that this process was started with, but for the three standard ones. libuv
 * keeps the lower ones from our parent's children, not those beyond a gap: `flock 200`, as scripts
 * have it, would stay locked as long as we live (seen with Node 24). Linux only; on macOS libuv hands
 * none on.
 */
export function closeInherited(folder = '/proc/self/fdinfo'): void {
  for (const fd of readdirSync(folder).map(Number)) {
    if (fd <= LAST_STANDARD || isOurs(`${folder}/${fd}`)) continue;
    closeSync(fd);
  }
}

/** Also one that is gone meanwhile, as the descriptor by which the folder was read. */
function isOurs(file: string): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)/m.exec(readFileSync(file, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & CLOEXEC) !== 0;
  } catch {
    return true;
  }
}
