/** A daemon of another version, or one that left or hung up when it was called. Loaded only where that is so. */
import { Failure, failure } from '../shared/errors.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import type { Met, Method, Past } from './connect.ts';
import type { Context } from './context.ts';
import { untilRoom } from './full.ts';
import { untilGone } from './gone.ts';

/** Daemons that may end before our eyes in a row: each is one that others have replaced meanwhile. */
const TRIES = 3;

/** Tells the person that an older daemon has answered. Whoever asks for its end need not be told. */
export function tellOlder({ output }: Context, method: Method): void {
  if (!method.startsWith('daemon.') && method !== 'session.lock')
    output.say(
      'helper: the daemon is of an older version, and stays until its session has ended; `helper daemon restart` replaces it now',
    );
}

/** Resolves when the request may be sent once more, to the next daemon; else throws what went wrong. */
export async function beforeNextTry(
  context: Context,
  thrown: unknown,
  { absent, heard, version, pid }: Met,
  past: Past,
): Promise<void> {
  if (!(thrown instanceof Failure)) throw thrown;
  const leaves = thrown.is('daemon-outdated');
  // Its answer to hello leaves before any work begins, so it has done nothing.
  const unheard = thrown.is('daemon-gone') && !heard;
  // It lives, or the next try finds nobody. One that we had to start ourselves has nobody else to serve.
  if (unheard && !absent) return await untilRoom(past);
  if ((leaves || unheard) && ++past.gone < TRIES) {
    if (pid !== undefined) await untilGone(context, pid);
    return;
  }
  if (thrown.is('bad-request') && version !== undefined && version < PROTOCOL_VERSION)
    throw failure('daemon-outdated');
  throw thrown;
}
