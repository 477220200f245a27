/**
 * Windows runs .cmd and .bat files, as npm makes one for bw, by cmd.exe alone, whose line is read
 * twice: by cmd.exe and by the program that the file starts. What is written must survive both.
 */
import { win32 } from 'node:path';
import { failure } from '../../shared/errors.ts';

/** A program and its arguments, to be handed over as they stand. */
interface BatchCall {
  readonly program: string;
  readonly args: readonly string[];
}

export function isBatch(file: string): boolean {
  return /\.(cmd|bat)$/i.test(file);
}

/** Not tried on Windows itself. Throws `usage` for a word that cmd.exe cannot be given. */
export function batchCall(
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): BatchCall {
  const root = Object.entries(env).find(([name]) => name.toUpperCase() === 'SYSTEMROOT')?.[1];
  const line = [file, ...words].map(quoted).join(' ');
  return {
    // Not ComSpec: that may be any shell.
    program: win32.join(root || 'C:\\Windows', 'System32', 'cmd.exe'),
    // No AutoRun; %…:~…% understood; ! left alone; the outermost quotes, and only they, are taken off.
    args: ['/d', '/e:on', '/v:off', '/s', '/c', `"${line}"`],
  };
}

// Two quotes are one for the program, and leave cmd.exe where it was: within quotes, where only % means
// something to it. It takes the first % for one, and the empty part of %cd% after it for nothing.
function quoted(word: string): string {
  if (/[\r\n]/.test(word))
    throw failure('usage', {
      problem: 'A word with a line break cannot be given to a batch file.',
    });
  const doubled = word.replace(/(\\*)("|$)/g, (_, slashes: string, end: string) =>
    end === '"' ? `${slashes}${slashes}""` : `${slashes}${slashes}`,
  );
  return `"${doubled.replaceAll('%', '%%cd:~,%')}"`;
}
