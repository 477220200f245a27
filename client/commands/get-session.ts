import { failure } from '../../shared/errors.ts';
import type { Params, ToDaemon } from '../../shared/protocol.ts';
import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';

// base64 of 64 bytes (seen from 2023.12.1 to 2026.9.0). Checked by hand: this is the hot path.
const SESSION_KEY = /^[A-Za-z0-9+/]{86}==$/;

/** `helper get-session`: the key and a newline on stdout, and nothing else, ever. */
export async function getSession(
  context: Context,
  wanted: Params<ToDaemon, 'session.get'>,
  asking: Asking,
): Promise<void> {
  const { key } = await callDaemon(context, 'session.get', wanted, { asking, start: true });
  context.output.data(sessionKey(key));
}

/** What the daemon sent, where it is a session key; else throws bad-request. */
export function sessionKey(key: unknown): string {
  if (typeof key !== 'string' || !SESSION_KEY.test(key))
    throw failure('bad-request', { problem: 'what the daemon sent is no session key' });
  return key;
}
