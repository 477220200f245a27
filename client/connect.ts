/**
 * One connection to the daemon and one request on it. Folder and socket are checked before the first
 * byte; only their absence or a refused connection starts a daemon: a slow one is not a dead one.
 */
import type { Socket } from 'node:net';
import { type Channel, createChannel } from '../shared/channel.ts';
import { type Failure, failure } from '../shared/errors.ts';
import { BadFrame } from '../shared/framing.ts';
import { SILENCE_MS } from '../shared/limits.ts';
import type { Params, Result, ToClient, ToDaemon } from '../shared/protocol.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import { type Answering, createAnswering } from './answering.ts';
import type { Asking, Context } from './context.ts';
import { tryConnect } from './reach.ts';

/** A full backlog means a busy daemon; a moment later there is room. */
const BUSY_MS = [20, 80] as const;

export interface CallOptions {
  readonly asking: Asking;
  /** Start a daemon where there is none; else fail with daemon-not-running. */
  readonly start: boolean;
}

export type Method = Exclude<keyof ToDaemon, 'hello' | 'prompt.activity'>;

/** Calls one method of the daemon. Rejects with its Failure, or with what is wrong on the way. */
export async function callDaemon<M extends Method>(
  context: Context,
  method: M,
  params: Params<ToDaemon, M>,
  options: CallOptions,
): Promise<Result<ToDaemon, M>> {
  const socket = await reach(context, options.start);
  const answering = createAnswering(context, options.asking);
  const silence = watchSilence(socket);
  const channel: Channel<ToDaemon> = createChannel<ToDaemon, ToClient>({
    write: (frame) => socket.write(frame),
    handlers: answering.handlers(() => channel.notify('prompt.activity', {})),
    check: checkLate,
  });
  const end = (reason: Failure) => channel.close(reason);
  socket.on('data', (chunk) => {
    silence.heard();
    try {
      channel.receive(chunk);
    } catch (thrown) {
      if (!(thrown instanceof BadFrame)) throw thrown;
      end(failure('bad-request', { problem: thrown.message }));
    }
  });
  socket.once('error', () => end(failure('daemon-gone')));
  socket.once('close', () => end(failure('daemon-gone')));
  silence.over.then(end);

  // Both leave in one write; hello's answer is not waited for.
  socket.cork();
  channel.call('hello', hello(context, answering)).catch(() => {});
  const answer = channel.call(method, params);
  socket.uncork();
  try {
    return await answer;
  } catch (thrown) {
    throw answering.reason(thrown);
  } finally {
    silence.stop();
    await answering.stop();
    // destroy() would open process.stderr first, only to compare itself with it (seen with Node 24).
    socket.end();
  }
}

function hello(context: Context, answering: Answering): Params<ToDaemon, 'hello'> {
  const dataDir = context.env.BITWARDENCLI_APPDATA_DIR;
  return {
    version: PROTOCOL_VERSION,
    can: answering.can,
    label: answering.label,
    ...(dataDir && { dataDir }),
    ...(answering.desktop && { desktop: true }),
  };
}

async function reach(context: Context, start: boolean): Promise<Socket> {
  // Not `performance`: naming it loads a part of Node that the hot path needs for nothing else.
  const since = Date.now();
  for (;;) {
    const reached = await tryConnect(context);
    if (typeof reached !== 'string') return reached;
    if (reached === 'absent') {
      if (!start) throw failure('daemon-not-running');
      await (await import('./start.ts')).startDaemon(context);
    } else if (Date.now() - since > SILENCE_MS) throw silent();
    else await pause(BUSY_MS[0] + Math.random() * (BUSY_MS[1] - BUSY_MS[0]));
  }
}

function silent(): Failure {
  return failure('daemon-silent', { seconds: SILENCE_MS / 1_000 });
}

/** Silence is the only timeout: a person may be slow, a living daemon says something every 4 s. */
function watchSilence(socket: Socket) {
  const { promise: over, resolve } = Promise.withResolvers<Failure>();
  let heard = false;
  const timer = setTimeout(() => {
    heard = false;
    // If it was we who stood still (Ctrl-Z), what was said meanwhile is read first.
    setImmediate(() => {
      if (heard) return;
      resolve(silent());
      socket.destroy();
    });
  }, SILENCE_MS);
  return {
    over,
    heard() {
      heard = true;
      timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}

// The schemas are loaded only when something comes that is not checked by hand where it is used.
async function checkLate(method: string, part: 'params' | 'result', value: unknown) {
  if (method === 'hello' || method === 'session.get') return { ok: value };
  const { conform, toClient, toDaemon } = await import('../shared/protocol.ts');
  return conform(
    part === 'params'
      ? toClient[method as keyof ToClient].params
      : toDaemon[method as keyof ToDaemon].result,
    value,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
