/** Vaults that a daemon could not lock: told, and made the failure of the command. */
import { Failure, failure } from '../shared/errors.ts';
import type { Result, ToDaemon } from '../shared/protocol.ts';
import { printable } from '../shared/text.ts';
import type { Output } from './output.ts';

type StillOpen = NonNullable<Result<ToDaemon, 'daemon.info'>['stillOpen']>;

/** One line each. */
export function tellStillOpen(output: Output, stillOpen: StillOpen): void {
  for (const { profile, why } of stillOpen) output.say(`${profile}: ${printable(why.says)}`);
}

/**
 * Throws why a vault is still open; lock-failed for several, told before. With `wanted` those of other
 * profiles are only told.
 */
export function requireLocked(
  output: Output,
  stillOpen: StillOpen,
  wanted?: readonly string[],
): void {
  const failed = stillOpen.filter(({ profile }) => wanted?.includes(profile) ?? true);
  if (failed.length === 1 && failed[0]) throw new Failure(failed[0].why);
  tellStillOpen(output, stillOpen);
  if (failed.length > 0)
    throw failure('lock-failed', { problem: `see ${failed.map((one) => one.profile).join(', ')}` });
}
