import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { failure } from '../../shared/errors.ts';
import {
  type Calls,
  codeOf,
  type FileDeps,
  inWords,
  isPassing,
  sleep,
} from '../system/file-calls.ts';
import { removeFile, tryRemoveFile } from '../system/remove-file.ts';
import { syncFolder } from '../system/sync-folder.ts';

const FILE_MODE = 0o600;
/** Links followed before a circle is assumed, as Linux does. */
const LINKS = 40;
const RENAME_EVERY_MS = 50;
const RENAMES = 20;

/**
 * Replaces `target` whole: written aside in the same folder, fsync, rename. An existing file keeps its
 * owner, and its mode as far as that is 0600 or less. Afterwards either the old or the new content
 * stands there and nothing beside it. The name aside must be ours: data.json is replaced under bw's lock
 * only, and the settings are changed one by one in a daemon. Two daemons with one settings file (homes in
 * containers) that change it in the same milliseconds would share that name. Throws `unwritable`.
 */
export async function replaceFile(
  target: string,
  text: string,
  around: FileDeps,
  unwritable: 'data-file-unwritable' | 'settings-unwritable' = 'data-file-unwritable',
) {
  const aside = `${target}.bw-helper`;
  try {
    // Left behind by a daemon that was killed between two of these lines.
    removeFile(aside);
    const old = statSync(target, { throwIfNoEntry: false });
    // A rename would replace a file that its owner has made read-only.
    if (old) accessSync(target, constants.W_OK);
    writeAside(aside, text, old, around.calls);
    await rename(aside, target, around);
  } catch (thrown) {
    tryRemoveFile(aside);
    throw failure(unwritable, { file: target, problem: inWords(codeOf(thrown)) });
  }
  if (around.platform !== 'win32') syncFolder(dirname(target));
}

/**
 * Where `file` really lies: links are followed, to a file that is missing too, so that a data.json
 * linked into a dotfiles folder stays a link. Throws `unreadable`.
 */
export function targetOf(
  file: string,
  unreadable: 'data-file-unreadable' | 'settings-unwritable' = 'data-file-unreadable',
): string {
  let target = file;
  for (let links = 0; links < LINKS; links += 1) {
    try {
      return realpathSync(target);
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code !== 'ENOENT') throw failure(unreadable, { file, problem: inWords(code) });
    }
    try {
      target = resolve(dirname(target), readlinkSync(target));
    } catch {
      return target;
    }
  }
  throw failure(unreadable, { file, problem: inWords('ELOOP') });
}

/** Writes a new file through to the disk, with the owner of `old` and no more than its mode. Throws the system's error. */
export function writeAside(
  aside: string,
  text: string,
  old: Stats | undefined,
  calls: Calls,
): void {
  const fd = openSync(aside, 'wx', FILE_MODE);
  try {
    if (old) {
      fchmodSync(fd, old.mode & FILE_MODE);
      keepOwner(fd, old);
    }
    calls.writeAll(fd, text);
    calls.fsync(fd);
  } finally {
    closeSync(fd);
  }
}

// With sudo in somebody's home, a file of root's would shut its owner out.
function keepOwner(fd: number, old: Stats): void {
  const own = fstatSync(fd);
  if (own.uid !== old.uid) fchownSync(fd, old.uid, old.gid);
  else if (own.gid !== old.gid) tryGroup(fd, old);
}

function tryGroup(fd: number, old: Stats): void {
  try {
    fchownSync(fd, old.uid, old.gid);
  } catch {
    // A group that we aren't in. At 0600 it may do nothing anyway.
  }
}

/** On Windows it is tried again for a second while the file is open. Throws the system's error. */
export async function rename(
  aside: string,
  target: string,
  { calls, clock, platform }: FileDeps,
): Promise<void> {
  for (let renames = 1; ; renames += 1) {
    try {
      return calls.rename(aside, target);
    } catch (thrown) {
      if (!isPassing(thrown, platform) || renames === RENAMES) throw thrown;
    }
    await sleep(clock, RENAME_EVERY_MS);
  }
}
