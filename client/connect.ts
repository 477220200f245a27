/**
 * One connection to the daemon and one request on it. Folder and socket are checked before the first
 * byte; only their absence or a refused connection starts a daemon: a slow one is not a dead one.
 */
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { type Channel, createChannel } from '../shared/channel.ts';
import { Failure, failure } from '../shared/errors.ts';
import { BadFrame } from '../shared/framing.ts';
import { SILENCE_MS } from '../shared/limits.ts';
import { DEFAULT_PROFILE } from '../shared/profile-name.ts';
import type { Params, Result, ToClient, ToDaemon } from '../shared/protocol.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import { type Answering, createAnswering } from './answering.ts';
import type { Asking, Context } from './context.ts';
import { chooseProfile } from './profile-option.ts';
import { tryConnect } from './reach.ts';
import { daemonSilent } from './silent.ts';

/** A full backlog means a busy daemon; a moment later there is room. */
const BUSY_MS = [20, 80] as const;

interface CallOptions {
  readonly asking: Asking;
  /** Start a daemon where there is none; else fail with daemon-not-running. */
  readonly start: boolean;
}

export type Method = Exclude<keyof ToDaemon, 'hello' | 'prompt.activity'>;

/** What came of one try before the request was answered, or was not. */
export interface Met {
  /** Nobody listened, and a daemon was started. */
  absent?: true;
  /** It said something. */
  heard?: true;
  /** What it told of itself. */
  version?: number;
  pid?: number;
}

/** Tries of one request that came to nothing. */
export interface Past {
  /** Daemons that ended before our eyes. */
  gone: number;
  /** Since when one hangs up on us, in ms since 1970. */
  fullSinceMs?: number;
}

/**
 * Calls one method of the daemon. Rejects with its Failure, or with what is wrong on the way. A daemon
 * that ends for us, as it is of an older version, is replaced, and the next one asked; one that takes
 * nobody now is asked again.
 */
export async function callDaemon<M extends Method>(
  context: Context,
  method: M,
  params: Params<ToDaemon, M>,
  options: CallOptions,
): Promise<Result<ToDaemon, M>> {
  const past: Past = { gone: 0 };
  for (;;) {
    const met: Met = {};
    try {
      const answer = await callOnce(context, method, params, options, met);
      if (met.version !== undefined && met.version < PROTOCOL_VERSION)
        (await import('./versions.ts')).tellOlder(context, method);
      return answer;
    } catch (thrown) {
      await (await import('./versions.ts')).beforeNextTry(context, thrown, met, past);
    }
  }
}

async function callOnce<M extends Method>(
  context: Context,
  method: M,
  params: Params<ToDaemon, M>,
  options: CallOptions,
  met: Met,
): Promise<Result<ToDaemon, M>> {
  const vault = vaultOf(context);
  const socket = await reach(context, options.start, met);
  const answering = createAnswering(context, options.asking);
  const silence = watchSilence(socket, context.paths.lock);
  const channel: Channel<ToDaemon> = createChannel<ToDaemon, ToClient>({
    write: (frame) => socket.write(frame),
    handlers: answering.handlers(() => channel.notify('prompt.activity', {})),
    check: checkLate,
  });
  const end = (reason: Failure) => channel.close(reason);
  socket.on('data', (chunk) => {
    silence.heard();
    met.heard = true;
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
  const greeted = channel.call('hello', hello(vault, answering)).then(
    ({ version, pid }) => Object.assign(met, { version, pid }),
    () => {},
  );
  const answer = channel.call(method, params);
  socket.uncork();
  try {
    return await answer;
  } catch (thrown) {
    // A request that it does not understand may be refused before hello is answered.
    if (thrown instanceof Failure && thrown.is('bad-request')) await greeted;
    throw answering.reason(thrown);
  } finally {
    silence.stop();
    await answering.stop();
    // destroy() would open process.stderr first, only to compare itself with it (seen with Node 24).
    socket.end();
  }
}

function hello(
  { profile, dataDir }: ReturnType<typeof vaultOf>,
  answering: Answering,
): Params<ToDaemon, 'hello'> {
  return {
    version: PROTOCOL_VERSION,
    can: answering.can,
    label: answering.label,
    // An older daemon knows only this one, and no such field.
    ...(profile !== DEFAULT_PROFILE && { profile }),
    ...(dataDir && { dataDir }),
    ...(answering.desktop && { desktop: true }),
  };
}

/** Which vault is meant here. Throws usage. */
function vaultOf({ env, profile }: Context) {
  const dataDir = env.BITWARDENCLI_APPDATA_DIR;
  return {
    profile: chooseProfile(profile, env),
    // As bw resolves it (2026.9.0).
    dataDir: dataDir && resolve(dataDir),
  };
}

async function reach(context: Context, start: boolean, met: Met): Promise<Socket> {
  // Not `performance`: naming it loads a part of Node that the hot path needs for nothing else.
  const since = Date.now();
  for (;;) {
    const reached = await tryConnect(context);
    if (typeof reached !== 'string') return reached;
    if (reached === 'absent') {
      if (!start) throw failure('daemon-not-running');
      met.absent = true;
      await (await import('./start.ts')).startDaemon(context);
    } else if (Date.now() - since > SILENCE_MS) throw daemonSilent(context.paths.lock);
    else await pause(BUSY_MS[0] + Math.random() * (BUSY_MS[1] - BUSY_MS[0]));
  }
}

/** Silence is the only timeout: a person may be slow, a living daemon says something every 4 s. */
function watchSilence(socket: Socket, lock: string) {
  const { promise: over, resolve } = Promise.withResolvers<Failure>();
  let heard = false;
  const timer = setTimeout(() => {
    heard = false;
    // If it was we who stood still (Ctrl-Z), what was said meanwhile is read first.
    setImmediate(() => {
      if (heard) return;
      resolve(daemonSilent(lock));
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
