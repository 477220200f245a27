/** Accepts, checks who it is, bounds, and opens a channel. Knows nothing of secrets. */
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { type Channel, createChannel, type Handlers } from '../shared/channel.ts';
import { failure } from '../shared/errors.ts';
import { BadFrame } from '../shared/framing.ts';
import { PROGRESS_MS } from '../shared/limits.ts';
import { conform, type ToClient, type ToDaemon, toClient, toDaemon } from '../shared/protocol.ts';
import { type Connection, createCaller } from './caller.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Native } from './native.ts';
import type { Door } from './pipe-door.ts';

/** Open connections; each costs a descriptor, and systems give 1024 by default. */
const CONNECTIONS = 800;
/** Time for hello; it is in the first write of an honest client. */
const HELLO_MS = 10_000;

export interface ServerOptions {
  readonly clock: Clock;
  readonly uid: number;
  readonly log: Log;
  /** Who is at the other end of a socket, by the kernel's word. */
  readonly peer: Native['peer'];
  /** Where the kernel does not tell: what a connection must show before it is heard. */
  readonly door?: Pick<Door, 'admits'> | undefined;
  readonly handlers: (connection: Connection) => Handlers<ToDaemon>;
}

/** A server that is not yet listening. `drop` ends every connection once what was written is out. */
export function createServer(options: ServerOptions): { server: Server; drop(): Promise<unknown> } {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, sockets.size, options);
  });
  return {
    server,
    drop: () => Promise.all([...sockets].map(end)),
  };
}

function serve(socket: Socket, open: number, options: ServerOptions): void {
  const { clock, door, log } = options;
  // A client that vanishes mid-write is everyday life; 'close' follows.
  socket.on('error', () => {});
  const peer = options.peer(descriptorOf(socket));
  const refuse = (why: string) => {
    log.warn('connection refused', { why, pid: peer?.pid });
    socket.destroy();
  };
  const unwanted = unwantedWhy(peer, open, options);
  if (unwanted) {
    refuse(unwanted);
    return;
  }
  const accept = () => listen(socket, peer, refuse, options);
  if (!door) {
    accept();
    return;
  }
  const cancelProof = clock.after(HELLO_MS, () => refuse('no proof'));
  door.admits(socket).then((proven) => {
    cancelProof();
    if (proven) accept();
    // Whoever has left again, as a client that only looked, is no news.
    else if (!socket.destroyed) refuse('no proof');
  });
}

type Peer = ReturnType<Native['peer']>;

function listen(
  socket: Socket,
  peer: Peer,
  refuse: (why: string) => void,
  options: ServerOptions,
): void {
  const { clock, log } = options;
  // Only its kind: a message made elsewhere may quote a value.
  const onBug = (thrown: unknown) => log.warn('fault', { kind: (thrown as Error)?.name });
  const gone = new AbortController();
  const connection = createCaller(() => channel, peer, gone.signal, clock);
  const requests = countRequests(options.handlers(connection), clock, () =>
    channel.notify('progress', {}),
  );
  const channel: Channel<ToClient> = createChannel<ToClient, ToDaemon>({
    write: (frame) => socket.write(frame),
    handlers: requests.handlers,
    check: (method, part, value) =>
      conform(
        part === 'params'
          ? toDaemon[method as keyof ToDaemon].params
          : toClient[method as keyof ToClient].result,
        value,
      ),
    trace: (trace) => log.debug('wire', { ...trace, caller: peer?.pid }),
    onBug,
  });

  const cancelHello = clock.after(HELLO_MS, () => {
    if (!connection.greeted) refuse('no hello');
  });
  socket.on('data', (chunk) => {
    try {
      channel.receive(chunk);
    } catch (error) {
      if (!(error instanceof BadFrame)) onBug(error);
      refuse(error instanceof BadFrame ? error.message : 'a fault of ours');
    }
  });
  socket.once('close', () => {
    cancelHello();
    requests.stop();
    channel.close(failure('prompt-cancelled'));
    gone.abort();
  });
}

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroySoon();
  });
}

function unwantedWhy(peer: Peer, open: number, { door, uid }: ServerOptions): string | undefined {
  if (!door && peer?.uid !== uid) return 'another user';
  return open > CONNECTIONS ? 'too many connections' : undefined;
}

/** Wraps the handlers: while any of them is at work, `beat` shows the client that we live. */
function countRequests(handlers: Handlers<ToDaemon>, clock: Clock, beat: () => void) {
  let open = 0;
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(PROGRESS_MS, () => {
      beat();
      next();
    });
  };
  const wrap =
    (handler: (params: never) => unknown) =>
    async (params: never): Promise<unknown> => {
      if (open++ === 0) next();
      try {
        return await handler(params);
      } finally {
        if (--open === 0) cancel();
      }
    };
  return {
    handlers: Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [method, wrap(handler)]),
    ) as unknown as Handlers<ToDaemon>,
    stop: () => cancel(),
  };
}

// Node has no public way to a socket's descriptor; -1 where there is none, as on Windows.
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle?: { fd?: number } };
  return _handle?.fd ?? -1;
}
