/** The settings file on disk. It decides which bw runs, so nobody else may be able to write to it. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ofAnother } from '../../shared/boundary.ts';
import { codeOf, inWords } from '../system/file-calls.ts';

/** Hundreds of profiles; whatever is larger is something else. */
const LARGEST_BYTES = 64 * 1024;

/** In such a folder, as /tmp is, what lies in it can be replaced by its owner only. */
const STICKY = 0o1000;

/** Changes whenever the file does, or comes, or goes. One stat. */
export function stampOf(file: string): string {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(file, { bigint: true });
    return `${mtimeNs}:${ctimeNs}:${size}:${ino}`;
  } catch (thrown) {
    return codeOf(thrown);
  }
}

/** The text of the file, empty without one; or what keeps it from being read, as one sentence. */
export function readSettingsFile(
  file: string,
  uid: number,
): { text: string } | { problem: string } {
  try {
    // A pipe in its place must not hold up the daemon.
    const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const problem = statProblem(fstatSync(fd), uid) ?? folderProblem(file, uid);
      return problem ? { problem } : textOf(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    const code = codeOf(thrown);
    return code === 'ENOENT' ? { text: '' } : { problem: `it cannot be read: ${inWords(code)}.` };
  }
}

function statProblem(found: Stats, uid: number): string | undefined {
  if (!found.isFile()) return 'it is not a file.';
  if (found.size > LARGEST_BYTES) return 'it is larger than 64 KiB.';
  // Windows has neither.
  if (uid < 0) return undefined;
  if (found.uid !== uid && found.uid !== 0) return `${ofAnother(found.uid, uid)}.`;
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  if (found.mode & 0o022)
    return `its mode is 0${mode}, so others can write to it; \`chmod go-w\` ends that.`;
  return undefined;
}

/** Who can write to the folder can put another file in its place, also at the other end of a link. */
function folderProblem(file: string, uid: number): string | undefined {
  if (uid < 0) return undefined;
  for (const folder of new Set([dirname(file), dirname(realpathSync(file))])) {
    const found = statSync(folder);
    if (found.uid !== uid && found.uid !== 0)
      return `its folder ${folder} belongs to user ${found.uid}.`;
    if (found.mode & 0o022 && !(found.mode & STICKY))
      return `others can write to its folder ${folder}; \`chmod go-w\` ends that.`;
  }
  return undefined;
}

function textOf(bytes: Buffer): { text: string } | { problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'it is not UTF-8 text.' };
  }
}
