/** Windows: the named pipe, and who is let in there. The client's side is client/pipe.ts. */
import type { Duplex } from 'node:stream';
import {
  KEY_BYTES,
  NUMBER_BYTES,
  PROOF_BYTES,
  pipeFileText,
  proofOf,
  proves,
  take,
} from '../shared/pipe-proof.ts';

const NAME_BYTES = 16;

export interface Door {
  /** What to listen on. */
  readonly pipe: string;
  /** What clients must be able to read. */
  readonly fileText: string;
  /** Proves us to a connection and hears its proof; false where it gives none. Never rejects. */
  admits(socket: Duplex): Promise<boolean>;
}

/** A pipe and a key for one life of the daemon. */
export function createDoor(random: (bytes: number) => Buffer): Door {
  const key = random(KEY_BYTES);
  const pipe = `\\\\.\\pipe\\bw-helper-${random(NAME_BYTES).toString('hex')}`;
  return {
    pipe,
    fileText: pipeFileText({ pipe, key }),
    async admits(socket) {
      const client = await take(socket, NUMBER_BYTES);
      if (!client) return false;
      const numbers = { client, daemon: random(NUMBER_BYTES) };
      socket.write(Buffer.concat([numbers.daemon, proofOf('daemon', key, numbers)]));
      return proves(await take(socket, PROOF_BYTES), proofOf('client', key, numbers));
    },
  };
}
