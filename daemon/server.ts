/** Accepts, checks who it is, bounds, and opens a channel. Knows nothing of secrets. */
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { type Channel, createChannel, type Handlers } from '../shared/channel.ts';
import { failure } from '../shared/errors.ts';
import { BadFrame } from '../shared/framing.ts';
import { PROGRESS_MS } from '../shared/limits.ts';
import { conform, type ToClient, type ToDaemon, toClient, toDaemon } from '../shared/protocol.ts';
import { type Connection, createCaller } from './caller.ts';
import type { Log } from './log.ts';
import type { Door } from './pipe-door.ts';
import type { Clock } from './system/clock.ts';
import type { Native } from './system/native.ts';

/** Open connections at most, however many descriptors there are. */
const CONNECTIONS = 800;
/** Descriptors that no connection gets: the daemon has some 25, and needs some for each bw and each file. */
const OWN_DESCRIPTORS = 64;
/** The part of a small limit that is for connections all the same. */
const SMALLEST_SHARE = 0.25;
/** Time for hello; it is in the first write of an honest client. */
const HELLO_MS = 10_000;
/** Requests at work on one connection. An honest client has its hello and one more. */
const OPEN_REQUESTS = 16;

export interface ServerOptions {
  readonly clock: Clock;
  readonly uid: number;
  readonly log: Log;
  /** Who is at the other end of a socket, by the kernel's word. */
  readonly peer: Native['peer'];
  readonly descriptorLimit: Native['descriptorLimit'];
  /** Where the kernel does not tell: what a connection must show before it is heard. */
  readonly door?: Pick<Door, 'admits'> | undefined;
  readonly handlers: (connection: Connection) => Handlers<ToDaemon>;
}

/** A server that is not yet listening. `drop` ends every connection once what was written is out. */
export function createServer(options: ServerOptions): { server: Server; drop(): Promise<unknown> } {
  const { clock, door, log, uid } = options;
  // The oldest first.
  const served = new Map<Socket, Served>();
  let full = false;

  // Nobody who waits for an answer, least of all a person, makes place for a newcomer.
  function makePlace(): boolean {
    if (served.size < atMost(options.descriptorLimit())) return true;
    const idle = [...served].find(([socket, { busy }]) => !socket.destroyed && !busy());
    idle?.[0].destroy();
    return idle !== undefined;
  }

  const server = createNetServer((socket) => {
    // A client that vanishes mid-write is everyday life; 'close' follows.
    socket.on('error', () => {});
    const peer = options.peer(descriptorOf(socket));
    const refuse = (why: string) => {
      log.warn('connection refused', { why, pid: peer?.pid });
      socket.destroy();
    };
    if (!door && peer?.uid !== uid) return refuse('another user');
    const wasFull = full;
    full = !makePlace();
    // Told once, as whoever is refused comes again and again.
    if (full && wasFull) return void socket.destroy();
    if (full) return refuse('too many connections');
    socket.once('close', () => served.delete(socket));
    const accept = () => served.set(socket, serve(socket, peer, refuse, options));
    if (!door) return accept();
    served.set(socket, { busy: () => false });
    const cancelProof = clock.after(HELLO_MS, () => refuse('no proof'));
    door.admits(socket).then((proven) => {
      cancelProof();
      // Whoever has left again, as a client that only looked, is no news.
      if (socket.destroyed) return;
      if (proven) accept();
      else refuse('no proof');
    });
  });
  return {
    server,
    drop: () => Promise.all([...served.keys()].map(end)),
  };
}

/** So that clients alone cannot take what the daemon itself has to open: each connection costs a descriptor. */
function atMost(limit: number): number {
  return Math.min(CONNECTIONS, Math.max(limit - OWN_DESCRIPTORS, limit * SMALLEST_SHARE));
}

interface Served {
  /** A request is open. */
  busy(): boolean;
}

function serve(
  socket: Socket,
  peer: { uid: number; pid?: number } | undefined,
  refuse: (why: string) => void,
  options: ServerOptions,
): Served {
  const { clock, log } = options;
  // Only its kind: a message made elsewhere may quote a value.
  const onBug = (thrown: unknown) => log.warn('fault', { kind: (thrown as Error)?.name });
  const gone = new AbortController();
  const spoken = Promise.withResolvers<void>();
  const connection = createCaller(() => channel, peer, gone.signal, clock);
  const requests = countRequests(
    options.handlers(connection),
    clock,
    () => channel.notify('progress', {}),
    () => refuse('too many requests at once'),
    // Whoever has heard nothing may ask once more, as nothing was done.
    async () => void (connection.greeted && (await spoken.promise)),
  );
  const channel: Channel<ToClient> = createChannel<ToClient, ToDaemon>({
    // Who does not read is not read from either.
    write: (frame) => {
      if (!socket.write(frame)) socket.pause();
      spoken.resolve();
    },
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
  socket.on('drain', () => socket.resume());
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
  return { busy: () => requests.open() > 0 };
}

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroySoon();
  });
}

/**
 * Wraps the handlers: while any of them is at work, `beat` shows the client that we live; of more than
 * OPEN_REQUESTS none begins, and but for hello none before `ready`.
 */
function countRequests(
  handlers: Handlers<ToDaemon>,
  clock: Clock,
  beat: () => void,
  tooMany: () => void,
  ready: () => Promise<void>,
) {
  let open = 0;
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(PROGRESS_MS, () => {
      beat();
      next();
    });
  };
  const wrap =
    (method: string, handler: (params: never) => unknown) =>
    async (params: never): Promise<unknown> => {
      if (open === OPEN_REQUESTS) {
        tooMany();
        throw failure('bad-request', { problem: 'too many requests at once' });
      }
      if (open++ === 0) next();
      try {
        if (method !== 'hello') await ready();
        return await handler(params);
      } finally {
        if (--open === 0) cancel();
      }
    };
  return {
    handlers: Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [method, wrap(method, handler)]),
    ) as unknown as Handlers<ToDaemon>,
    open: () => open,
    stop: () => cancel(),
  };
}

// Node has no public way to a socket's descriptor; -1 where there is none, as on Windows.
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle?: { fd?: number } };
  return _handle?.fd ?? -1;
}
