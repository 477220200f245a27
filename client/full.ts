/** A daemon that hangs up without a word, as it has as many connections as it can. */
import { failure } from '../shared/errors.ts';
import type { Past } from './connect.ts';

/** The daemon itself hangs up after 10 s on whoever says nothing, and has room then. */
const PATIENCE_MS = 12_000;
/** Not all at once again: each try costs the daemon something, too. */
const PAUSE_MS = [50, 250] as const;

/** Resolves when it may be tried again, and throws daemon-full when it was tried for long enough. */
export async function untilRoom(past: Past): Promise<void> {
  past.fullSinceMs ??= Date.now();
  if (Date.now() - past.fullSinceMs > PATIENCE_MS) throw failure('daemon-full');
  const [least, most] = PAUSE_MS;
  await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
}
