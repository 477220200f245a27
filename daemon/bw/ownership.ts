import { statSync } from 'node:fs';
import { dirname } from 'node:path';

const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

/**
 * Why another user could change what lies at `path` (real and absolute), or undefined: a file or
 * folder on the way belongs to neither `uid` nor root, or everybody may write to it. A sticky folder
 * such as /tmp is fine: what lies in it can be replaced by its owner only.
 */
export function othersCanChange(path: string, uid: number): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const found = statSync(at);
    if (found.uid !== uid && found.uid !== 0)
      return `${at} belongs to another user (uid ${found.uid})`;
    const sticky = found.isDirectory() && (found.mode & STICKY) !== 0;
    if (found.mode & WORLD_WRITABLE && !sticky) return `everybody may write to ${at}`;
    if (at === dirname(at)) return undefined;
  }
}
