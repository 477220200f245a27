/** Finds the program that a command names, as a shell does. */
import { accessSync, constants, statSync } from 'node:fs';
import { win32 } from 'node:path';
import { type Failure, failure } from '../../shared/errors.ts';
import type { Context } from '../context.ts';

/** Where glibc looks when there is no PATH. */
const NO_PATH = '/bin:/usr/bin';
const NO_PATHEXT = '.COM;.EXE;.BAT;.CMD';

/**
 * The file that `command` names: itself where it is a path, else the first in PATH that can be run.
 * An empty entry of PATH is the current folder, as for any other command of this shell; on Windows
 * only what has an extension of PATHEXT counts. Throws command-not-found or command-not-runnable.
 */
export function findCommand(
  command: string,
  { env, platform }: Pick<Context, 'env' | 'platform'>,
): string {
  let refused: Failure | undefined;
  for (const file of candidates(command, env, platform)) {
    const problem = problemWith(file);
    if (problem === undefined) return file;
    if (problem !== 'absent') refused ??= failure('command-not-runnable', { file, problem });
  }
  throw refused ?? failure('command-not-found', { command: command || '""' });
}

/** Why `file` cannot be run; `absent` where it is not there. */
export function problemWith(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'it is no file';
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    return code === 'EACCES' ? 'permission denied' : (code ?? name);
  }
}

function candidates(command: string, env: Context['env'], platform: NodeJS.Platform): string[] {
  if (command === '') return [];
  if (platform === 'win32') return windowsCandidates(command, env);
  if (command.includes('/')) return [command];
  // Joined by hand: what follows `..` or a link is the kernel's affair.
  return (env.PATH ?? NO_PATH).split(':').map((folder) => `${folder || '.'}/${command}`);
}

// Beside `bw.cmd` npm puts a `bw` for other shells, which Windows itself cannot run.
function windowsCandidates(command: string, env: Context['env']): string[] {
  const variable = (wanted: string) =>
    Object.entries(env).find(([name]) => name.toUpperCase() === wanted)?.[1];
  const known = (variable('PATHEXT') || NO_PATHEXT).toLowerCase().split(';');
  const complete = known.includes(win32.extname(command).toLowerCase());
  const names = complete ? [command] : known.map((extension) => `${command}${extension}`);
  if (/[\\/:]/.test(command)) return names;
  const folders = (variable('PATH') ?? '').split(';').filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => win32.join(folder, name)));
}
