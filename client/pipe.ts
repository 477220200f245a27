/** Windows: the way over the named pipe, and the proof that our own daemon is behind it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { failure } from '../shared/errors.ts';
import { SILENCE_MS } from '../shared/limits.ts';
import type { Paths } from '../shared/paths.ts';
import {
  NUMBER_BYTES,
  type PipeFile,
  PROOF_BYTES,
  parsePipeFile,
  proofOf,
  proves,
  take,
} from '../shared/pipe-proof.ts';
import { daemonSilent } from './silent.ts';

type Reached = Socket | 'absent' | 'busy';

/**
 * A connection to the pipe that the file `socket` names, on which both sides have proven themselves: our proof is
 * written, and nothing else. Throws pipe-not-ours, daemon-gone, daemon-silent, and what `connect` does.
 */
export async function reachPipe(
  { socket: file, lock }: Pick<Paths, 'socket' | 'lock'>,
  connect: (address: string) => Promise<Reached>,
): Promise<Reached> {
  const there = readPipeFile(file);
  if (!there) return 'absent';
  const socket = await connect(there.pipe);
  if (typeof socket === 'string') return socket;
  const ignore = () => {};
  socket.on('error', ignore);
  try {
    await prove(socket, there, lock);
    return socket;
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  } finally {
    socket.off('error', ignore);
  }
}

async function prove(socket: Socket, { pipe, key }: PipeFile, lock: string): Promise<void> {
  let ended = failure('daemon-gone');
  const timer = setTimeout(() => {
    ended = daemonSilent(lock);
    socket.destroy();
  }, SILENCE_MS);
  const client = randomBytes(NUMBER_BYTES);
  socket.write(client);
  const answer = await take(socket, NUMBER_BYTES + PROOF_BYTES);
  clearTimeout(timer);
  if (!answer) throw ended;
  const daemon = answer.subarray(0, NUMBER_BYTES);
  const numbers = { client, daemon };
  if (!proves(answer.subarray(NUMBER_BYTES), proofOf('daemon', key, numbers)))
    throw failure('pipe-not-ours', { pipe });
  socket.write(proofOf('client', key, numbers));
}

// A file that is being written, or that a power cut left broken, is as good as none: the start of a
// daemon makes it anew.
function readPipeFile(file: string): PipeFile | undefined {
  try {
    return parsePipeFile(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure('runtime-folder-unsafe', {
      folder: dirname(file),
      problem: `${file} cannot be read (${code})`,
    });
  }
}
