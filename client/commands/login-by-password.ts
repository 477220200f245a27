import { showDuration } from '../../shared/duration.ts';
import { printable } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';

/** What the person wants of `bw login`. */
export interface ByPassword {
  readonly email?: string | undefined;
  /** For bw, as they are. */
  readonly args: readonly string[];
}

/** `helper login --email …`: bw's login by password, its challenge answered from the keychain. */
export async function loginByPassword(
  context: Context,
  { email, args }: ByPassword,
  asking: Asking,
): Promise<void> {
  const { account, server, session } = await callDaemon(
    context,
    'account.loginByPassword',
    { args: [...args], ...(email !== undefined && { email }) },
    { asking: { ...asking, runsBw: true }, start: true },
  );
  const vault = session
    ? `Unlocked for ${showDuration(session.maxLeftMs)}, or until it is idle for ${showDuration(session.idleLeftMs)}.`
    : 'The vault is locked.';
  context.output.say(`Logged in to ${printable(server)} as ${printable(account)}. ${vault}`);
}
