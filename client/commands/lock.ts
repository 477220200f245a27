import { readdirSync } from 'node:fs';
import { Failure, failure } from '../../shared/errors.ts';
import { profileOfMark } from '../../shared/open-mark.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';
import { chooseProfile } from '../profile-option.ts';
import { requireLocked } from '../still-open.ts';

type Ended = Result<ToDaemon, 'session.lock'>;

const quiet = { asking: silent, start: false };

/**
 * `helper lock`: ends the session here, in every terminal. Starts a daemon only where one was killed
 * with a session open, as it is the next one that locks that vault.
 */
export async function lock(context: Context): Promise<void> {
  const { output } = context;
  try {
    const answer = await callDaemon(context, 'session.lock', {}, quiet);
    output.say(inWords(answer));
    if (answer.otherSession)
      output.say('Another program unlocked this vault by itself; `bw lock` ends its session.');
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    await lockLeftOpen(
      context,
      'No session here: the daemon is not running. `bw lock` ends what others opened.',
      [chooseProfile(context.profile, context.env)],
    );
  }
}

/** `helper lock --all`: the sessions of all profiles. Throws lock-failed after all were tried. */
export async function lockAll(context: Context): Promise<void> {
  const { output } = context;
  try {
    const { profiles } = await callDaemon(context, 'session.lockAll', {}, quiet);
    for (const one of profiles) output.say(`${one.name}: ${one.problem ?? inWords(one)}`);
    if (profiles.length === 0) output.say('No session here.');
    const open = profiles.filter(({ problem }) => problem !== undefined);
    if (open.length > 0)
      throw failure('lock-failed', { problem: `see ${open.map(({ name }) => name).join(', ')}` });
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    await lockLeftOpen(context, 'No session here: the daemon is not running.');
  }
}

/**
 * Has the next daemon lock what a killed one left open; says `nothing` where there is none. Throws why
 * one of `wanted`, or of all, is open still; lock-failed for several.
 */
async function lockLeftOpen(
  context: Context,
  nothing: string,
  wanted?: readonly string[],
): Promise<void> {
  const { output, paths } = context;
  const left = leftOpen(paths.open);
  if (left.length === 0) return output.say(nothing);
  // It locks before it answers.
  const call = { asking: silent, start: true };
  const { stillOpen = [] } = await callDaemon(context, 'daemon.info', {}, call);
  requireLocked(output, stillOpen, wanted);
  output.say(
    stillOpen.length < left.length
      ? 'Locked what a daemon that was killed had left open.'
      : nothing,
  );
}

/** The marks of open vaults. */
function leftOpen(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => profileOfMark(name) !== undefined);
  } catch {
    return [];
  }
}

function inWords({ locked, otherSession }: Ended): string {
  if (locked === 'locked') return 'Locked.';
  return otherSession ? 'No session here.' : 'Already locked.';
}

function isNotRunning(error: unknown): boolean {
  return error instanceof Failure && error.is('daemon-not-running');
}
