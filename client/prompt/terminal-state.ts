/**
 * Whether a person can be asked on this terminal. On the way of every request: one small read on
 * Linux, no process, nothing loaded.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Host } from './asker.ts';

export interface TerminalState {
  /** `background`: a read there would stop the job, so it must not be asked. */
  readonly state: 'ready' | 'background' | 'none';
  /** Where the person sits, for others who wait: `pts/3`. */
  readonly label: string;
}

const NAMELESS = 'another terminal';
const READY: TerminalState = { state: 'ready', label: NAMELESS };
const NONE: TerminalState = { state: 'none', label: 'a program without a terminal' };

/**
 * What stands at this moment. Without /proc (macOS, BSD) every terminal counts as ready here, and
 * `inForeground` looks again before anything is asked. On Windows stdin must be the console, as a
 * hidden console exists behind terminals that are none.
 */
export function terminalState(host: Host): TerminalState {
  if (host.platform === 'win32') return host.stdin.isTTY ? READY : NONE;
  return fromProc(host) ?? (hasTerminal() ? READY : NONE);
}

/** Whether we are in the terminal's foreground now; starts `ps` where there is no /proc. */
export async function inForeground(host: Host): Promise<boolean> {
  if (host.platform === 'win32' || host.platform === 'linux')
    return terminalState(host).state === 'ready';
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    // `+` marks the foreground process group on every POSIX system; without an answer nobody is asked.
    execFile('/bin/ps', ['-o', 'stat=', '-p', String(host.pid)], (error, stat) =>
      resolve(!error && stat.includes('+')),
    );
  });
}

/** Reads the state out of the text of /proc/self/stat; undefined where it is not understood. */
export function parseStat(text: string): TerminalState | undefined {
  // The name of the program is in parentheses and may hold some itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [group, device, foreground] = [fields[2], fields[4], fields[5]].map(Number);
  if (group === undefined || device === undefined || foreground === undefined) return undefined;
  if (!Number.isInteger(group + device + foreground)) return undefined;
  if (device === 0) return NONE;
  return { state: group === foreground ? 'ready' : 'background', label: deviceName(device) };
}

function fromProc({ platform }: Host): TerminalState | undefined {
  if (platform !== 'linux') return undefined;
  try {
    return parseStat(readFileSync('/proc/self/stat', 'latin1'));
  } catch {
    return undefined;
  }
}

// As in the kernel's list of devices: 136 to 143 are pseudo-terminals, 4 is consoles and serial lines.
function deviceName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return NAMELESS;
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}
