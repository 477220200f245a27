/** The protocol by hand, beside our own client: one connection, hello and one request in one write. */
import { connect } from 'node:net';

/** The daemon's answer as it came; `error.data.name` names a failure. */
export interface RawAnswer {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string; readonly data?: { readonly name: string } };
}

/** Asks the daemon at this socket, as a client that can't be asked anything. Rejects where it hangs up. */
export function askRaw(socketPath: string, method: string, params = {}): Promise<RawAnswer> {
  const hello = { version: 1, can: [], label: 'raw' };
  const requests = [
    { jsonrpc: '2.0', id: 1, method: 'hello', params: hello },
    { jsonrpc: '2.0', id: 2, method, params },
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    socket.setEncoding('utf8').on('data', (more) => {
      text += more;
      const answer = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .find(({ id }) => id === 2);
      if (!answer) return;
      socket.destroy();
      resolve(answer);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The daemon hung up')));
    socket.write(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  });
}
