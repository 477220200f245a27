/** A small file system in the place of a folder, to be filled to the last byte or made read-only: Linux, root. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, testWhere } from './test-where.ts';

/** A file takes whole ones of these: what has room left in its last one can still grow by that. */
export const PAGE = 4096;

/** Whether this system lets us mount one; tried where nothing of it stays. */
export const canMount =
  isRoot() && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** For disks that are full or read-only. */
export const testOnSmallDisk = testWhere(canMount, 'needs root, to mount a small file system');

export interface SmallDisk {
  /** Leaves room for `pages` more. */
  fill(pages?: number): void;
  free(): void;
  /** For whoever opens something from now on, whatever is open. */
  readOnly(): void;
  writable(): void;
}

export interface SmallDisks {
  /** Mounts one over `folder`, with all that is in there; nobody may have a file open there. */
  over(folder: string, kib?: number): SmallDisk;
  /** Unmounts all of them, also what is in use: what was there before the first is there again. */
  close(): void;
}

export function smallDisks(): SmallDisks {
  const mounted: string[] = [];
  function mount(at: string, ...how: string[]): void {
    must('mount', ...how, at);
    mounted.push(at);
  }
  function unmount(at: string): void {
    if (!unmounted(at)) throw new Error(`still mounted: ${at}`);
    mounted.splice(mounted.lastIndexOf(at), 1);
  }
  return {
    over(folder, kib = 512) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const before = `${folder}.before`;
      must('cp', '-a', folder, before);
      mount(
        folder,
        '-t',
        'tmpfs',
        '-o',
        `size=${kib}k,mode=0700,uid=${process.getuid?.()}`,
        'tmpfs',
      );
      must('cp', '-a', `${before}/.`, folder);
      rmSync(before, { recursive: true });
      const filler = join(folder, 'filler');
      return {
        fill(pages = 0) {
          writeToTheEnd(filler);
          if (pages > 0) truncateSync(filler, statSync(filler).size - pages * PAGE);
        },
        free: () => rmSync(filler),
        readOnly() {
          mount(folder, '--bind', folder);
          must('mount', '-o', 'remount,bind,ro', folder);
        },
        writable: () => unmount(folder),
      };
    },
    close() {
      const failed = mounted
        .splice(0)
        .toReversed()
        .filter((at) => !unmounted(at));
      if (failed.length > 0) throw new Error(`still mounted: ${failed.join(', ')}`);
    },
  };
}

function unmounted(at: string): boolean {
  return spawnSync('umount', ['-l', at]).status === 0;
}

function writeToTheEnd(file: string): void {
  const fd = openSync(file, 'a');
  try {
    for (;;) writeSync(fd, Buffer.alloc(PAGE));
  } catch {
    // That is the end.
  } finally {
    closeSync(fd);
  }
}

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
