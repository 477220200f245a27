/** Secrets from stdin, for those who have no person to ask: --password-stdin and `helper secret set`. */
import type { Readable } from 'node:stream';
import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import { untilAborted } from '../../shared/until-aborted.ts';
import type { Asker } from './asker.ts';
import { readLines } from './lines.ts';

/** `process.stdin`, or what a test gives instead. */
export type Stdin = Readable & { readonly isTTY?: boolean };

/** Answers a question with the first line of stdin. */
export function createStdin(stream: Stdin): Asker {
  return {
    async secret(_, signal) {
      signal.throwIfAborted();
      // What still comes in is not for the next one who reads there.
      return await untilAborted(readSecretLine(stream), signal);
    },
  };
}

/** The first line. Throws `usage` where it is empty, missing, too long, or typed in the open. */
export async function readSecretLine(stream: Stdin): Promise<Secret> {
  // The terminal would echo it, and leave it in the scrollback.
  if (stream.isTTY)
    throw failure('usage', {
      problem: 'stdin is a terminal: leave out --password-stdin to be asked.',
    });
  const [line] = await linesOf(stream, 1);
  if (!line || line.empty) throw failure('usage', { problem: 'The first line of stdin is empty.' });
  return line;
}

/** client_id and client_secret, a line each. Throws bad-secret where one is missing or empty. */
export async function readTwoLines(
  stream: Stdin,
): Promise<{ clientId: string; clientSecret: Secret }> {
  const [first, second] = await linesOf(stream, 2);
  const clientId = first?.reveal().trim();
  if (!clientId || !second || second.empty) {
    const missing = clientId ? 'its second line (client_secret)' : 'its first line (client_id)';
    throw failure('bad-secret', {
      problem: `stdin must hold client_id and client_secret, a line each; ${missing} is missing.`,
    });
  }
  return { clientId, clientSecret: second };
}

async function linesOf(stream: Stdin, count: number): Promise<Secret[]> {
  const read = await readLines(stream, count);
  if ('problem' in read) throw failure('usage', { problem: `stdin ${read.problem}.` });
  return read.lines;
}
