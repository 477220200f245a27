import { fsyncSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { toFailure } from '../../shared/errors.ts';
import type { Clock } from './clock.ts';

/** The file calls that meet another program or a full disk; tests put their own in their place. */
export interface Calls {
  readFile(file: string): string;
  writeAll(fd: number, text: string): void;
  fsync(fd: number): void;
  rename(from: string, to: string): void;
}

/** What reading and replacing a file needs from outside. */
export interface FileDeps {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly calls: Calls;
}

export const realCalls: Calls = {
  readFile: (file) => readFileSync(file, 'utf8'),
  writeAll: (fd, text) => writeFileSync(fd, text),
  fsync: (fd) => fsyncSync(fd),
  rename: (from, to) => renameSync(from, to),
};

// Windows refuses to replace a file while a virus scanner or an indexer has it open.
const PASSING = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** Whether a rename that threw this may well succeed a moment later. */
export function isPassing(thrown: unknown, platform: NodeJS.Platform): boolean {
  return platform === 'win32' && PASSING.has(codeOf(thrown));
}

/** Waits `ms` on this clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((wake) => clock.after(ms, wake));
}

/**
 * The errno code of what a file call threw, for what it says about the file; anything else is thrown on.
 * Throws too-many-files for a lack of descriptors, which says nothing about it.
 */
export function codeOf(thrown: unknown): string {
  const reason = toFailure(thrown);
  if (reason.is('too-many-files')) throw reason;
  return errnoOf(thrown);
}

/** The errno code of what a file call threw, whatever it says; anything else is thrown on. */
export function errnoOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string') throw thrown;
  return code;
}

const OF_THE_DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO']);

/** Whether a write that gave this may work later, when somebody has seen to the disk or its modes. */
export function isOfTheDisk(code: string): boolean {
  return OF_THE_DISK.has(code);
}

const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk fails',
  ENOTDIR: 'a folder on the way is a file',
  EEXIST: 'a folder on the way is a file',
  EISDIR: 'it is a folder',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ELOOP: 'its symbolic links lead in a circle',
};

/** An errno code in words, for `{problem}`. */
export function inWords(code: string): string {
  return words[code] ?? code;
}

/** What a person can do about a write that gave this; no full stop at its end. */
export function cureOf(code: string): string {
  return code === 'EMFILE' || code === 'ENFILE'
    ? 'End what keeps so many files open'
    : 'Free the disk or correct the permissions';
}
