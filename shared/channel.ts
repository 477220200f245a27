/**
 * Frames ↔ typed calls, the same file on both sides. It gets its I/O as arguments, so that tests run
 * both ends over a pair of streams.
 */
import {
  createJSONRPCErrorResponse,
  JSONRPCClient,
  JSONRPCErrorException,
  JSONRPCServer,
  JSONRPCServerAndClient,
} from 'json-rpc-2.0';
import { type ErrorName, errors, Failure, failure, toFailure } from './errors.ts';
import { encodeFrame, type Frame, FrameReader } from './framing.ts';
import type { Params, Result, Table } from './protocol.ts';
import { printable } from './text.ts';

/** What happened on the wire: names and sizes, never contents. */
export interface Trace {
  readonly way: 'in' | 'out';
  readonly method?: string;
  readonly id?: string | number;
  readonly bytes: number;
}

/** Answers for every method of one direction. A method left out or misspelt does not compile. */
export type Handlers<T extends Table> = {
  readonly [M in keyof T]: (params: Params<T, M>) => Promise<Result<T, M>> | Result<T, M>;
};

/** Checks a value against the protocol and gives it as checked; may load the schemas late. */
export type Check = (
  method: string,
  part: 'params' | 'result',
  value: unknown,
) => { ok: unknown } | undefined | Promise<{ ok: unknown } | undefined>;

export interface ChannelOptions<In extends Table> {
  readonly write: (frame: string) => void;
  readonly handlers: Handlers<In>;
  readonly check: Check;
  readonly trace?: (trace: Trace) => void;
  /** A handler failed by a mistake of ours; the peer learns only its kind. */
  readonly onBug?: (thrown: unknown) => void;
}

/** One end of a connection. */
export interface Channel<Out extends Table> {
  /** Rejects with the peer's Failure, or with the reason given to `close`. */
  call<M extends keyof Out & string>(method: M, params: Params<Out, M>): Promise<Result<Out, M>>;
  notify<M extends keyof Out & string>(method: M, params: Params<Out, M>): void;
  /** Takes bytes from the peer; throws BadFrame where it must be dropped. */
  receive(chunk: Buffer): void;
  /** Ends every pending call with `reason`; nothing is written any more. */
  close(reason: Failure): void;
}

export function createChannel<Out extends Table, In extends Table>(
  options: ChannelOptions<In>,
): Channel<Out> {
  const reader = new FrameReader();
  const pending = new Set<(reason: Failure) => void>();
  let closed: Failure | undefined;

  const peer = new JSONRPCServerAndClient(serverFor(options), new JSONRPCClient(send), {
    errorListener: () => {},
  });

  function send(message: { method?: string; id?: string | number }): void {
    if (closed) return;
    const frame = encodeFrame(message);
    options.trace?.({ way: 'out', ...named(message), bytes: frame.length });
    options.write(frame);
  }

  async function answerTo(method: string, params: object): Promise<unknown> {
    if (closed) throw closed;
    const cut = Promise.withResolvers<never>();
    pending.add(cut.reject);
    try {
      return await Promise.race([peer.request(method, params, undefined), cut.promise]);
    } catch (thrown) {
      throw fromWire(thrown);
    } finally {
      pending.delete(cut.reject);
    }
  }

  return {
    async call(method, params) {
      const answer = await answerTo(method, params as object);
      const checked = await options.check(method, 'result', answer);
      if (!checked) throw failure('bad-request', { problem: `odd answer to ${method}` });
      return checked.ok as never;
    },
    notify(method, params) {
      peer.notify(method, params as object, undefined);
    },
    receive(chunk) {
      for (const frame of reader.push(chunk)) {
        options.trace?.({ way: 'in', ...named(frame), bytes: chunk.length });
        peer.receiveAndSend(frame, undefined, undefined).catch((e: unknown) => options.onBug?.(e));
      }
    },
    close(reason) {
      closed ??= reason;
      for (const reject of pending) reject(reason);
    },
  };
}

function serverFor<In extends Table>(options: ChannelOptions<In>): JSONRPCServer {
  // Both replace the library's defaults, which send a handler's own message to the peer and warn on
  // the console (1.8.1).
  const server = new JSONRPCServer({
    errorListener: (_, thrown) => {
      if (!(thrown instanceof Failure)) options.onBug?.(thrown);
    },
  });
  server.mapErrorToJSONRPCErrorResponse = (id, thrown) => {
    const { row } = toFailure(thrown);
    const { name, exit, next } = row;
    return createJSONRPCErrorResponse(id, -32_000 - exit, row.says, { name, exit, next });
  };
  for (const [method, handler] of Object.entries(options.handlers)) {
    server.addMethod(method, async (params: unknown) => {
      const checked = await options.check(method, 'params', params ?? {});
      if (!checked) throw failure('bad-request', { problem: `odd parameters of ${method}` });
      return await handler(checked.ok as never);
    });
  }
  return server;
}

// The whole row travels, so that an error which only the other version knows is printed as it says.
function fromWire(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (!(thrown instanceof JSONRPCErrorException)) return toFailure(thrown);
  const { name, exit, next } = (thrown.data ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof next !== 'string' || !Number.isInteger(exit))
    return failure('bad-request', { problem: thrown.message });
  const known = errors[name as ErrorName]?.exit ?? Math.min(Math.max(Number(exit), 1), 125);
  return new Failure({
    name: printable(name),
    exit: known,
    says: printable(thrown.message),
    next: printable(next),
  });
}

function named(message: Frame | { method?: string; id?: string | number }) {
  const { method, id } = message;
  return {
    ...(typeof method === 'string' && { method: printable(method) }),
    ...((typeof id === 'string' || typeof id === 'number') && { id }),
  };
}
