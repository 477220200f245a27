import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { Asking, Context } from '../context.ts';
import { askerFor } from './asking.ts';
import { readTwoLines } from './stdin.ts';
import { createTerminal } from './terminal.ts';
import { waysToAsk } from './ways.ts';

/** `user.` and a UUID; the web vault shows no other form for a person. */
const CLIENT_ID = /^user\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * client_id and client_secret from prompts on the terminal, or from two lines of stdin where that is
 * no terminal. Throws bad-secret where a value cannot be right, so that no nonsense is stored.
 */
export async function readApiKey(
  context: Context,
  asking: Asking,
): Promise<{ clientId: string; clientSecret: Secret }> {
  await context.memory.hide();
  const key = context.host.stdin.isTTY ? await prompted(context, asking) : await piped(context);
  if (!CLIENT_ID.test(key.clientId))
    throw failure('bad-secret', {
      problem: 'That is no client_id: it looks like user.xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.',
    });
  if (/\s/.test(key.clientSecret.reveal()) || CLIENT_ID.test(key.clientSecret.reveal()))
    throw failure('bad-secret', { problem: 'That is no client_secret.' });
  return key;
}

async function prompted(context: Context, asking: Asking) {
  const ways = waysToAsk(context, asking);
  const asker = askerFor(context, ways, 'inPerson');
  if (!asker) throw failure('prompt-cancelled');
  const { signal } = new AbortController();
  const idPrompt = { prompt: 'client_id: ' };
  // Not secret, so it may be seen while it is typed.
  const clientId = ways.inPerson.includes('terminal')
    ? await createTerminal(context.host).visible(idPrompt, signal)
    : (await asker.secret(idPrompt, signal)).reveal();
  const clientSecret = await asker.secret({ prompt: 'client_secret (hidden): ' }, signal);
  return { clientId: clientId.trim(), clientSecret };
}

async function piped({ host }: Context) {
  const { clientId, clientSecret } = await readTwoLines(host.stdin);
  return { clientId, clientSecret };
}
