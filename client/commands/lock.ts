import { Failure } from '../../shared/errors.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';

/** `helper lock`: ends the session here, in every terminal. Starts no daemon just for that. */
export async function lock(context: Context): Promise<void> {
  const { output } = context;
  try {
    const answer = await callDaemon(context, 'session.lock', {}, { asking: silent, start: false });
    if (answer.locked === 'locked') output.say('Locked.');
    else output.say(answer.otherSession ? 'No session here.' : 'Already locked.');
    if (answer.otherSession)
      output.say('Another program unlocked this vault by itself; `bw lock` ends its session.');
  } catch (error) {
    if (!(error instanceof Failure && error.is('daemon-not-running'))) throw error;
    output.say('No session here: the daemon is not running. `bw lock` ends what others opened.');
  }
}
