/**
 * One daemon: lock → private folder → bind → watch our own socket and lock → leave. The lock is held for the
 * daemon's whole life and the kernel drops it with the process, so nothing stale ever stops a start.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { aboveProblem, folderProblem } from '../shared/boundary.ts';
import { failure } from '../shared/errors.ts';
import type { Paths } from '../shared/paths.ts';
import type { Door } from './pipe-door.ts';
import type { Clock } from './system/clock.ts';
import { codeOf, inWords } from './system/file-calls.ts';
import { makeFolder } from './system/make-folder.ts';
import { removeFile, tryRemoveFile } from './system/remove-file.ts';

/** A socket's address holds 108 bytes on Linux and 104 on macOS, with its closing zero. */
const SOCKET_PATH_BYTES = 103;
/** As `a+`; a link in its place would have its target emptied. */
const LOCK_FLAGS =
  constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
/** A disk at fault, not the folder: no reason to distrust it. */
const DISK_AT_FAULT = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
/** How often the daemon looks that it can still be reached. */
const WATCH_MS = 30_000;

export interface Instance {
  /** Binds; throws where that is not possible. */
  listen(server: Server): Promise<void>;
  /**
   * Calls `gone` once when the socket is no longer ours, as nobody can reach us any more, or the lock
   * file, as another daemon may take our place.
   */
  watch(clock: Clock, gone: () => void): void;
  /** Removes the socket if it is still ours. The lock goes with the process. */
  release(): void;
}

export interface InstanceOptions {
  readonly paths: Pick<Paths, 'runtime' | 'socket' | 'lock'>;
  readonly uid: number;
  readonly pid: number;
  readonly lockFile: (fd: number) => boolean;
  /** Windows: the pipe to listen on, and what to write in the place of the socket. */
  readonly door?: Pick<Door, 'pipe' | 'fileText'> | undefined;
}

/** Becomes the one daemon; throws daemon-running, runtime-folder-unsafe, or data-file-unwritable. */
export function claimInstance(options: InstanceOptions): Instance {
  const { paths, door } = options;
  preparePrivateFolder(options);
  const lock = takeLock(options);
  let mine: string | undefined;

  const socketMine = () => {
    try {
      if (!door && folderProblem(lstatSync(paths.runtime), options.uid)) return false;
      return identity(paths.socket) === mine;
    } catch {
      return false;
    }
  };
  // Where its file is not ours any more another daemon would be granted the lock.
  const stillMine = () => socketMine() && sameFile(lock, paths.lock);

  return {
    async listen(server) {
      // Nobody else can be bound here: we hold the lock.
      removeFile(paths.socket);
      await bind(server, door?.pipe ?? paths.socket);
      if (door) writeFileSync(paths.socket, door.fileText, { mode: 0o600, flag: 'wx' });
      mine = identity(paths.socket);
    },
    watch(clock, gone) {
      const look = () => (stillMine() ? clock.after(WATCH_MS, look) : gone());
      clock.after(WATCH_MS, look);
    },
    release() {
      // A socket that cannot be removed must not keep the vault from being locked.
      if (socketMine()) tryRemoveFile(paths.socket);
    },
  };
}

function preparePrivateFolder({ paths, door, uid }: InstanceOptions): void {
  const length = Buffer.byteLength(paths.socket);
  if (!door && length > SOCKET_PATH_BYTES)
    throw failure('runtime-folder-unsafe', {
      folder: paths.runtime,
      problem: `the socket's path would have ${length} bytes, and the system allows ${SOCKET_PATH_BYTES}`,
    });
  try {
    makeFolder(paths.runtime);
  } catch (error) {
    throw unusable(paths.runtime, paths.runtime, 'it cannot be made', error);
  }
  if (door) return;
  const problem =
    folderProblem(lstatSync(paths.runtime), uid) ??
    aboveProblem(statSync(dirname(paths.runtime)), uid);
  if (problem) throw failure('runtime-folder-unsafe', { folder: paths.runtime, problem });
}

// A bare descriptor on purpose: a FileHandle would be collected one day, and the lock with it (seen).
function takeLock({ paths, pid, lockFile }: InstanceOptions): number {
  for (;;) {
    const fd = openLock(paths);
    if (!lockFile(fd)) {
      closeSync(fd);
      throw failure('daemon-running', { pid: readFileSync(paths.lock, 'utf8').trim() || '?' });
    }
    // A lock file that was removed and made anew would be granted a second time (seen).
    if (sameFile(fd, paths.lock)) {
      sign(fd, pid);
      return fd;
    }
    closeSync(fd);
  }
}

// What counts is the lock: on a full disk only the message for a second daemon is less exact.
function sign(fd: number, pid: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${pid}\n`);
  } catch (thrown) {
    codeOf(thrown);
  }
}

function openLock({ runtime, lock }: InstanceOptions['paths']): number {
  try {
    return openSync(lock, LOCK_FLAGS, 0o600);
  } catch (error) {
    throw unusable(runtime, lock, `${lock} cannot be opened`, error);
  }
}

function unusable(folder: string, file: string, what: string, error: unknown) {
  const code = codeOf(error);
  return DISK_AT_FAULT.has(code)
    ? failure('data-file-unwritable', { file, problem: inWords(code) })
    : failure('runtime-folder-unsafe', { folder, problem: `${what} (${code})` });
}

function sameFile(fd: number, path: string): boolean {
  const held = fstatSync(fd);
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.ino === held.ino && there.dev === held.dev;
}

function identity(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

function bind(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? failure('daemon-running', { pid: '?' })
          : failure('daemon-start-failed', {
              problem: `cannot listen on ${address}: ${inWords(error.code ?? 'unknown')}`,
            }),
      );
    server.once('error', refuse);
    server.listen(address, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
