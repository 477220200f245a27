/** A daemon that strace kills at a chosen system call of its main thread, where all its state is written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonMain } from './product.ts';
import type { World } from './world.ts';

/** Everything that changes what is on a disk; `bind` makes the socket. */
const CALLS =
  'openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,ftruncate,fchmod,chmod,link,bind';

/** The n-th call of this kind, counted from 1 at the daemon's start: of all, or of those at `path`. */
export interface Point {
  readonly call: string;
  readonly n: number;
  readonly path?: string | undefined;
}

/** A call that was seen. Its point is the same at each start, where its path is. */
export interface Call {
  readonly call: string;
  readonly text: string;
  readonly point: Point;
  /** The daemon died in it. */
  readonly fatal: boolean;
}

export interface Traced {
  /** The calls so far, oldest first; with a path to die at, those at that path alone. */
  calls(): Call[];
  readonly ended: Promise<void>;
}

/** Starts a daemon that is killed as it enters the call at `point`; resolves when it listens. */
export async function startTraced(world: World, point?: Point): Promise<Traced> {
  const file = join(world.folder, 'strace');
  const kill = point ? ['-e', `inject=${point.call}:signal=SIGKILL:when=${point.n}`] : [];
  // Else writes by which Node's threads wake each other would be counted, too.
  const where = point?.path ? ['-P', point.path] : [];
  const child = spawn(
    'strace',
    [
      '-y',
      '-qq',
      '-s',
      '64',
      '-o',
      file,
      '-e',
      `trace=${CALLS}`,
      ...kill,
      ...where,
      process.execPath,
      '--disable-sigusr1',
      daemonMain,
    ],
    { env: world.env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await firstLine(child);
  return { calls: () => readCalls(file), ended };
}

async function firstLine(child: ChildProcess): Promise<void> {
  if (!child.stdout) return;
  child.stdout.setEncoding('utf8');
  await new Promise<void>((resolve) => {
    child.stdout?.once('data', () => resolve());
    child.stdout?.once('end', () => resolve());
  });
}

function readCalls(file: string): Call[] {
  const counts = new Map<string, number>();
  const count = (what: string) => {
    const n = (counts.get(what) ?? 0) + 1;
    counts.set(what, n);
    return n;
  };
  return readFileSync(file, 'latin1')
    .split('\n')
    .flatMap((text) => {
      const [, call] = /^(\w+)\(/.exec(text) ?? [];
      if (!call) return [];
      const path = pathIn(call, text);
      const [n, nThere] = [count(call), count(`${call} ${path}`)];
      const point = path ? { call, n: nThere, path } : { call, n };
      return [{ call, text, point, fatal: text.endsWith('= ?') }];
    });
}

/**
 * The path by which strace finds the call again; undefined where it has another name at each start, or
 * strace does not look at it.
 */
function pathIn(call: string, text: string): string | undefined {
  if (call === 'bind') return undefined;
  const [, path] = /^\w+\(\d+<(\/[^>]*)>/.exec(text) ?? /"(\/[^"]*)"/.exec(text) ?? [];
  return path?.includes('/staged-') ? undefined : path;
}
