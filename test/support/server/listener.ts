import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';
import type { Requests, Seen } from './requests.ts';
import type { Answer, Asked } from './router.ts';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

export interface Listener {
  readonly port: number;
  /** Refuses connections and cuts the open ones, or listens again on the same port. */
  outage(on: boolean): Promise<void>;
}

/** HTTPS on 127.0.0.1: bw 2025.12.1 and later refuse plain HTTP. */
export async function listen(
  certificate: Certificate,
  requests: Requests,
  answer: (asked: Asked) => Answer,
): Promise<Listener> {
  const server = createServer(certificate, (incoming, outgoing) => {
    serve(incoming, requests, answer).then(
      ({ status, body }) => {
        if (body === undefined) outgoing.writeHead(status).end();
        else outgoing.writeHead(status, JSON_TYPE).end(JSON.stringify(body));
      },
      // Said aloud, so that a fault of this server is not taken for bw's. Nobody hears it after a hang-up.
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    );
  });
  await open(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async outage(on) {
      if (on === !server.listening) return;
      await (on ? shut(server) : open(server, port));
    },
  };
}

async function serve(
  incoming: IncomingMessage,
  requests: Requests,
  answer: (asked: Asked) => Answer,
): Promise<Answer> {
  const { method = '', url = '', headers } = incoming;
  const [path = ''] = url.split('?');
  const body = Buffer.concat(await incoming.toArray()).toString();
  const seen: Seen = { method, path, ...tokenFields(path, body), at: Date.now() };
  await requests.arrive(seen);
  const given = answer({ method, path, authorization: headers.authorization, body });
  seen.status = given.status;
  return given;
}

function tokenFields(path: string, body: string): Pick<Seen, 'grant' | 'device'> {
  if (path !== '/identity/connect/token') return {};
  const form = new URLSearchParams(body);
  const [grant, device] = [form.get('grant_type'), form.get('deviceIdentifier')];
  return { ...(grant !== null && { grant }), ...(device !== null && { device }) };
}

function open(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
