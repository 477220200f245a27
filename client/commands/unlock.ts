import { showDuration } from '../../shared/duration.ts';
import type { Params, ToDaemon } from '../../shared/protocol.ts';
import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';

/** `helper unlock`: opens the session without printing its key. */
export async function unlock(
  context: Context,
  wanted: Params<ToDaemon, 'session.unlock'>,
  asking: Asking,
): Promise<void> {
  const left = await callDaemon(context, 'session.unlock', wanted, { asking, start: true });
  context.output.say(
    `Unlocked for ${showDuration(left.maxLeftMs)}, or until it is idle for ${showDuration(left.idleLeftMs)}.`,
  );
}
