import { createServer } from 'node:net';
import { encodeFrame, FrameReader } from '../../shared/framing.ts';
import { PROTOCOL_VERSION } from '../../shared/version.ts';

/** A daemon that knows its answers by heart. */
export interface PlayedDaemon {
  /** How many have connected. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * Listens on `socket` and answers each request with what `results` holds for its method. It says nothing
 * before it has one: a client that waits for the answer to hello waits for ever.
 */
export async function playDaemon(
  socket: string,
  results: Readonly<Record<string, unknown>>,
): Promise<PlayedDaemon> {
  let connections = 0;
  const server = createServer((peer) => {
    connections += 1;
    const reader = new FrameReader();
    const greetings: string[] = [];
    peer.on('error', () => {});
    peer.on('data', (chunk) => {
      for (const { id, method } of reader.push(chunk)) {
        const result = results[String(method)] ?? { version: PROTOCOL_VERSION, pid: 1 };
        const answer = encodeFrame({ jsonrpc: '2.0', id, result });
        if (method === 'hello') greetings.push(answer);
        else peer.write([...greetings.splice(0), answer].join(''));
      }
    });
  });
  await new Promise<void>((listening) => server.listen(socket, listening));
  return {
    get connections() {
      return connections;
    },
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}
