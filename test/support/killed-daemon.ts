/** A daemon that strace kills at a chosen system call of its main thread, where all its state is written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonMain } from './product.ts';
import type { World } from './world.ts';

/** Everything that changes what is on a disk; `bind` makes the socket. */
const CALLS =
  'openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,ftruncate,fchmod,chmod,link,bind';

/** The n-th call of this kind, counted from 1 at the daemon's start. */
export interface Point {
  readonly call: string;
  readonly n: number;
}

export interface Traced {
  /** The calls so far, oldest first, with their paths. */
  calls(): (Point & { readonly text: string })[];
  readonly ended: Promise<void>;
}

/** Starts a daemon that is killed as it enters the call at `point`; resolves when it listens. */
export async function startTraced(world: World, point?: Point): Promise<Traced> {
  const file = join(world.folder, 'strace');
  const kill = point ? ['-e', `inject=${point.call}:signal=SIGKILL:when=${point.n}`] : [];
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

function readCalls(file: string): (Point & { text: string })[] {
  const counts = new Map<string, number>();
  return readFileSync(file, 'latin1')
    .split('\n')
    .flatMap((text) => {
      const [, call] = /^(\w+)\(/.exec(text) ?? [];
      if (!call) return [];
      const n = (counts.get(call) ?? 0) + 1;
      counts.set(call, n);
      return [{ call, n, text }];
    });
}
