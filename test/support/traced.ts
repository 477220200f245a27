/** What a command and all its descendants start and write, seen by strace: Linux only. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Seen } from './canary.ts';
import { isRoot } from './test-where.ts';

const WRITES = 'write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg';
/** What takes a content from one file to another without a write. */
const MOVES = 'rename,renameat,renameat2,link,linkat,sendfile,copy_file_range,splice';
// Whole arguments and environments, in hex; what each descriptor is; no stop at any other call.
const HOW = ['-f', '-qq', '-yy', '-v', '-xx', '-s', '1048576', '--seccomp-bpf'];

/** Why nothing can be traced here; undefined where it can. */
export function untraceable(): string | undefined {
  const { error, status } = spawnSync('strace', traced('/dev/null', ['true']).slice(1));
  if (error) return 'needs strace, which is not installed';
  if (status !== 0) return 'needs strace, which this system does not let run';
  // The daemon is not dumpable: others see that it writes, and not what.
  return isRoot() ? undefined : 'needs root, to see what the daemon writes';
}

/** The command, under strace. It ends when the last of its descendants has ended. */
export function traced(file: string, command: readonly string[]): string[] {
  return ['strace', ...HOW, '-o', file, '-e', `trace=execve,${WRITES},${MOVES}`, ...command];
}

export interface Trace {
  /** Each program that was started, oldest first. */
  readonly started: readonly Seen[];
  /** All that went to each file, terminal or connection: a path, `pipe:[7]`, `TCP:[…]`. */
  readonly written: ReadonlyMap<string, Buffer>;
  /** Each file that became or was copied to another one. */
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  /** Processes that a signal ended: its name, and whether it left a core. */
  readonly killed: readonly { readonly by: string; readonly core: boolean }[];
}

export function readTrace(file: string): Trace {
  const started: Seen[] = [];
  const written = new Map<string, Buffer[]>();
  const moved: { from: string; to: string }[] = [];
  const killed: { by: string; core: boolean }[] = [];
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, by, core] = /\+\+\+ killed by (\w+)( \(core dumped\))? /.exec(line) ?? [];
    if (by) killed.push({ by, core: core !== undefined });
    // A call that another one interrupts is cut after its arguments, so only those are looked at.
    const [, pid, call = '', rest = ''] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (call === 'execve') {
      const [, argv = '', environ = ''] = /^"(?:\\x..)*", \[(.*?)\], \[(.*?)\]/.exec(rest) ?? [];
      started.push({ pid: Number(pid), argv: strings(argv), environ: strings(environ) });
    } else if (/^(rename|link)/.test(call)) {
      const [from = '', to = ''] = strings(rest).map(String);
      moved.push({ from, to });
    } else if (/^(sendfile|copy_file_range|splice)$/.test(call)) {
      const [first = '', second = ''] = [...rest.matchAll(/\d+<((?:\\x..)+)>/g)].map(
        ([, at = '']) => plain(at).toString(),
      );
      const [from, to] = call === 'sendfile' ? [second, first] : [first, second];
      moved.push({ from, to });
    } else if (call !== '') {
      const [, at = '', what = ''] = /^\d+<(.*?)>, (.*)$/.exec(rest) ?? [];
      const place = at.startsWith('\\x') ? plain(at).toString() : at;
      const pieces = written.get(place) ?? [];
      written.set(place, pieces);
      pieces.push(...strings(what));
    }
  }
  const whole = [...written].map(([at, pieces]) => [at, Buffer.concat(pieces)] as const);
  return { started, written: new Map(whole), moved, killed };
}

function strings(list: string): Buffer[] {
  return [...list.matchAll(/"((?:\\x..)*)"/g)].map(([, hex = '']) => plain(hex));
}

function plain(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}
