import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';
import { silent } from '../context.ts';
import { readApiKey } from '../prompt/api-key.ts';

/** `helper secret set`: client_id and client_secret, from hidden prompts or two lines of stdin. */
export async function setSecret(context: Context, asking: Asking): Promise<void> {
  const { clientId, clientSecret } = await readApiKey(context, asking);
  const { where } = await callDaemon(
    context,
    'secret.set',
    { clientId, clientSecret: clientSecret.reveal() },
    { asking, start: true },
  );
  context.output.say(`Stored in ${where}.`);
}

/** `helper secret status`: whether it is there; never the secret itself. */
export async function secretStatus(context: Context): Promise<void> {
  const now = await callDaemon(context, 'secret.status', {}, { asking: silent, start: true });
  const state = now.stored ? (now.locked ? 'stored, locked' : 'stored, open') : 'not stored';
  context.output.data(`${state}: ${now.where}`);
}

/** `helper secret delete`: removes it from the keychain. */
export async function deleteSecret(context: Context): Promise<void> {
  const { deleted } = await callDaemon(
    context,
    'secret.delete',
    {},
    { asking: silent, start: true },
  );
  context.output.say(deleted ? 'Deleted.' : 'Nothing was stored.');
}
