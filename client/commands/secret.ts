import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';
import { silent } from '../context.ts';
import { chooseProfile } from '../profile-option.ts';
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
  const access = now.problem ? '' : now.locked ? ', locked' : ', open';
  context.output.data(`${now.stored ? `stored${access}` : 'not stored'}: ${now.where}`);
  if (now.problem) context.output.say(now.problem);
}

/** `helper secret move --to os|file`: from one keychain to the other. */
export async function moveSecret(
  context: Context,
  to: 'os' | 'file',
  asking: Asking,
): Promise<void> {
  const moved = await callDaemon(context, 'secret.move', { to }, { asking, start: true });
  context.output.say(`Moved to ${moved.where}.`);
  if (!moved.inUse)
    context.output.say(
      `Now run \`helper config set profiles.${chooseProfile(context.profile, context.env)}.keychain ${to}\`, or it is not found there.`,
    );
}

/** `helper secret scrub`: takes client_secret out of data.json, once it is in the keychain. */
export async function scrubSecret(context: Context, force: boolean, asking: Asking): Promise<void> {
  const done = await callDaemon(context, 'secret.scrub', { force }, { asking, start: true });
  const { say } = context.output;
  if (!done.scrubbed) return say('data.json holds no client_secret.');
  if (done.stored) say(`Stored in ${done.where}.`);
  say('Taken out of data.json.');
  if (done.apiKeyAtRest === 'bw')
    say('With `api_key_at_rest = "bw"` in the settings the next sync or login puts it back.');
}

/** `helper secret delete`: removes it from the keychain. */
export async function deleteSecret(context: Context, asking: Asking): Promise<void> {
  const { deleted } = await callDaemon(context, 'secret.delete', {}, { asking, start: true });
  context.output.say(deleted ? 'Deleted.' : 'Nothing was stored.');
}
