/** The keychain file as it lies on disk: read with suspicion, replaced whole or not at all. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { ofAnother } from '../../shared/boundary.ts';
import { failure } from '../../shared/errors.ts';
import { type Calls, codeOf, inWords, isPassing } from '../system/file-calls.ts';
import { makeFolder } from '../system/make-folder.ts';
import { removeFile, tryRemoveFile } from '../system/remove-file.ts';
import { syncFolder } from '../system/sync-folder.ts';
import { kdf } from './seal.ts';

/** Room for a hundred entries; nothing honest comes near. */
const LARGEST_BYTES = 1024 * 1024;
/** Windows: half a second in all, in which nobody is answered. */
const RENAMES = 10;
const RENAME_EVERY_MS = 50;
const FORMAT = 'bw-helper keychain';
const VERSION = 1;

const sealed = v.pipe(v.string(), v.base64());
// Strict, because what this version does not know would be lost at the next write.
const document = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  kdf,
  /** Nothing, sealed: tells a wrong passphrase from a damaged entry. */
  check: sealed,
  // Account names in clear, so that status and delete need no passphrase.
  entries: v.array(v.strictObject({ account: v.string(), sealed })),
});
export type KeychainDocument = v.InferOutput<typeof document>;

/** What the file calls need from outside. */
export interface Place {
  readonly file: string;
  readonly uid: number;
  readonly platform: NodeJS.Platform;
  readonly calls: Pick<Calls, 'writeAll' | 'fsync' | 'rename'>;
}

/** A document as this version writes it; its `check` is still to be made. */
export function emptyDocument(made: KeychainDocument['kdf']): KeychainDocument {
  return { format: FORMAT, version: VERSION, kdf: made, check: '', entries: [] };
}

/** The file's content; undefined without a file. Throws keychain-damaged. */
export function readDocument(place: Place): KeychainDocument | undefined {
  const { file } = place;
  let text: string;
  try {
    // A pipe in its place must not hold up the daemon.
    const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const problem = statProblem(fstatSync(fd), place);
      if (problem) throw failure('keychain-damaged', { file, problem });
      text = readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT') return undefined;
    throw failure('keychain-damaged', { file, problem: inWords(code) });
  }
  return parse(file, text);
}

/**
 * Replaces the file; afterwards either the old or the new content stands there and nothing beside it.
 * Content without an entry is no file. Synchronous, so that nothing else of this daemon comes between
 * reading and writing. Throws keychain-unwritable.
 */
export function writeDocument(place: Place, content: KeychainDocument): void {
  const { file, platform } = place;
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (Buffer.byteLength(text) > LARGEST_BYTES)
    throw failure('keychain-unwritable', { file, problem: 'it would grow beyond 1 MiB' });
  try {
    makeFolder(dirname(file));
    const target = targetOf(file);
    if (content.entries.length === 0) removeFile(target);
    else replace(target, text, place);
    if (platform !== 'win32') syncFolder(dirname(target));
  } catch (thrown) {
    throw failure('keychain-unwritable', { file, problem: inWords(codeOf(thrown)) });
  }
}

function replace(target: string, text: string, place: Place): void {
  const { calls } = place;
  const aside = `${target}.new`;
  try {
    // Left behind by a daemon that was killed between two of these lines.
    removeFile(aside);
    const fd = openSync(aside, 'wx', 0o600);
    try {
      calls.writeAll(fd, text);
      calls.fsync(fd);
    } finally {
      closeSync(fd);
    }
    rename(aside, target, place);
  } catch (thrown) {
    tryRemoveFile(aside);
    throw thrown;
  }
}

function rename(aside: string, target: string, { calls, platform }: Place): void {
  for (let renames = 1; ; renames += 1)
    try {
      calls.rename(aside, target);
      return;
    } catch (thrown) {
      if (!isPassing(thrown, platform) || renames === RENAMES) throw thrown;
      // Nothing else of this daemon may come between reading and writing.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_EVERY_MS);
    }
}

function statProblem(found: Stats, { uid, platform }: Place): string | undefined {
  if (!found.isFile()) return 'it is not a file';
  if (found.size > LARGEST_BYTES) return 'it is larger than 1 MiB';
  if (platform === 'win32') return undefined;
  // Not repaired: whoever could write to it may have put in what they know.
  if (found.uid !== uid) return ofAnother(found.uid, uid);
  const mode = found.mode & 0o777;
  return mode & 0o077
    ? `its mode is 0${mode.toString(8).padStart(3, '0')}, it must be 0600`
    : undefined;
}

function parse(file: string, text: string): KeychainDocument {
  const damaged = (problem: string) => failure('keychain-damaged', { file, problem });
  if (text.trim() === '') throw damaged('it is empty');
  let json: Partial<KeychainDocument> | null;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged('it is not whole JSON');
  }
  if (json?.format !== FORMAT) throw damaged('it is no keychain file of bw-helper');
  if (json.version !== VERSION)
    throw damaged(`its version is ${json.version}, and only ${VERSION} is known here`);
  const { success, output, issues } = v.safeParse(document, json);
  if (!success) throw damaged(`\`${v.getDotPath(issues[0])}\` in it is not as bw-helper writes it`);
  return output;
}

// A file linked into a folder of dotfiles stays a link.
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return file;
    throw thrown;
  }
}
