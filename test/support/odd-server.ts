import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from './server/certificate.ts';

/** What answers at the address of a server, and is none. */
interface OddServer {
  readonly url: string;
  readonly caFile: string;
  close(): Promise<void>;
}

/**
 * Answers every request with `body` and status 200; with a certificate that ran out an hour ago if
 * `expired`, and in the clear if `plain`.
 */
export async function startOddServer(
  folder: string,
  { body = '', expired = false, plain = false },
): Promise<OddServer> {
  const { caFile, ...pem } = await makeCertificate(folder, expired ? -1 : 24);
  const listener: RequestListener = (_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html' }).end(body);
  };
  const server = plain ? createPlainServer(listener) : createServer(pem, listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    caFile,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
