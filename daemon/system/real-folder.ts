import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The one path of a folder, whatever links lead to it. What is not there yet, or cannot be looked at,
 * counts as it is written.
 */
export function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    const above = dirname(folder);
    return above === folder ? folder : join(realFolder(above), basename(folder));
  }
}
