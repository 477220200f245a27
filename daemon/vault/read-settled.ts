import { statSync } from 'node:fs';
import { failure } from '../../shared/errors.ts';
import { codeOf, type FileDeps, inWords, sleep } from '../system/file-calls.ts';
import type { Json } from './layouts.ts';

/** `empty`: nothing but white space for the whole time, which bw reads as `{}`. */
export type Settled = { readonly json: Json } | 'empty' | 'absent';

// bw truncates and writes in place, for milliseconds; an editor or a synchroniser may take longer.
const TRIES = 50;
// 5 to 15 ms, 10 on average. At a fixed pace a reader falls into step with a writer in a loop and meets
// it at the same half-done moment each time (64 times in a row seen at 10 ms).
const pauseMs = (tries: number) => 5 + ((7 * tries) % 11);

// Windows, while another program has the file open or replaces it.
const PASSING = new Set(['EBUSY', 'EPERM']);

/**
 * The file's content once it has settled: tried again for 500 ms while it is empty, broken, changing
 * under the reader, or (with `awaitFile`) not there. Throws data-file-unreadable.
 */
export async function readSettled(
  file: string,
  around: FileDeps,
  { awaitFile = false } = {},
): Promise<Settled> {
  for (let tries = 1; ; tries += 1) {
    const found = readOnce(file, around);
    const settled = typeof found === 'object' && 'json' in found;
    if (settled || (found === 'absent' && !awaitFile)) return found;
    if (tries < TRIES) await sleep(around.clock, pauseMs(tries));
    else if (found === 'absent' || found === 'empty') return found;
    else throw failure('data-file-unreadable', { file, problem: found.problem });
  }
}

function readOnce(file: string, { calls, platform }: FileDeps): Settled | { problem: string } {
  let content: string;
  try {
    const before = statSync(file, { bigint: true });
    content = calls.readFile(file);
    const after = statSync(file, { bigint: true });
    // A read that spans a write could join two halves into JSON that nobody wrote.
    if (before.mtimeNs !== after.mtimeNs || before.size !== after.size)
      return { problem: 'it keeps changing' };
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT') return 'absent';
    if (platform === 'win32' && PASSING.has(code)) return { problem: inWords(code) };
    throw failure('data-file-unreadable', { file, problem: inWords(code) });
  }
  if (content.trim() === '') return 'empty';
  return parse(content);
}

function parse(content: string): Settled | { problem: string } {
  try {
    const json: unknown = JSON.parse(content);
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return { json: json as Json };
    return { problem: 'it holds no JSON object' };
  } catch {
    // The parser's own message quotes the file.
    return { problem: 'it is not whole JSON' };
  }
}
