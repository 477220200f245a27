/** One connection to a daemon, with whatever bytes a test likes. */
import { connect } from 'node:net';

/** What the daemon wrote, as far as a test looks at it. */
export interface Said {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly data?: { readonly name?: string } };
}

export interface RawConnection {
  readonly open: boolean;
  /** All that was said so far. */
  readonly said: readonly Said[];
  write(bytes: string | Buffer): void;
  /** The answer to the request of this id; undefined where the connection ends without it. */
  answer(id: string | number): Promise<Said | undefined>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Resolves when connected; rejects where nobody listens. */
export function connectRaw(socketPath: string): Promise<RawConnection> {
  const socket = connect(socketPath);
  const said: Said[] = [];
  const waiting = new Map<string | number, (said: Said | undefined) => void>();
  const ended = Promise.withResolvers<void>();
  let rest = '';
  let open = false;
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const one = JSON.parse(line) as Said;
      said.push(one);
      if (one.id === undefined || one.id === null) continue;
      waiting.get(one.id)?.(one);
      waiting.delete(one.id);
    }
  });
  socket.once('close', () => {
    open = false;
    for (const resolve of waiting.values()) resolve(undefined);
    ended.resolve();
  });
  const connection: RawConnection = {
    get open() {
      return open;
    },
    said,
    write: (bytes) => void socket.write(bytes),
    answer: (id) =>
      open ? new Promise((resolve) => waiting.set(id, resolve)) : Promise.resolve(undefined),
    ended: ended.promise,
    close: () => socket.destroy(),
  };
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      open = true;
      socket.on('error', () => {});
      resolve(connection);
    });
  });
}

/** One frame. */
export function frame(message: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}

export const HELLO = frame({
  id: 'hello',
  method: 'hello',
  params: { version: 1, can: [], label: 'raw' },
});
