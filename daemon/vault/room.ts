import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, inWords } from '../system/file-calls.ts';
import { removeFile, tryRemoveFile } from '../system/remove-file.ts';

/** More than a bw adds to data.json at once. */
const ROOM_BYTES = 64 * 1024;

/**
 * Why bw could not write in `folder`, in words; undefined where there is room. For a bw that has failed:
 * on a full disk it names what it then missed, and not the disk, as often as not (seen with 2026.9.0).
 */
export function whyNoRoom(folder: string): string | undefined {
  const file = join(folder, 'data.json.bw-helper-room');
  try {
    removeFile(file);
    writeFileSync(file, Buffer.alloc(ROOM_BYTES), { mode: 0o600, flag: 'wx' });
    return undefined;
  } catch (thrown) {
    return inWords(codeOf(thrown));
  } finally {
    tryRemoveFile(file);
  }
}
