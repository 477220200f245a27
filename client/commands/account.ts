import { printable } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';

/** `helper login`: bw's login by API key, answered from the keychain. */
export async function login(context: Context, asking: Asking): Promise<void> {
  const { account, server } = await callDaemon(
    context,
    'account.login',
    {},
    { asking, start: true },
  );
  context.output.say(
    `Logged in to ${printable(server)} as ${printable(account)}. The vault is locked.`,
  );
}

/** `helper logout`: ends the session and logs bw out. The keychain keeps its secret. */
export async function logout(context: Context, asking: Asking): Promise<void> {
  const { account } = await callDaemon(context, 'account.logout', {}, { asking, start: true });
  context.output.say(`Logged out ${printable(account)}.`);
}

/** `helper sync`: fetches the vault from the server. */
export async function sync(context: Context, asking: Asking): Promise<void> {
  const { account } = await callDaemon(context, 'vault.sync', {}, { asking, start: true });
  context.output.say(`Synced the vault of ${printable(account)}.`);
}
