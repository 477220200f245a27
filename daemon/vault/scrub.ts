/** Takes the client_secret out of data.json that the person's own `bw login --apikey` has left there. */
import { failure } from '../../shared/errors.ts';
import { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import type { DataFile } from './data-file.ts';
import { clientSecretIn, describe, withClientSecret } from './layout.ts';
import { type Json, layoutOf } from './layouts.ts';

/** The API key that stands in data.json; undefined where there is none. Throws data-file-unknown. */
export async function apiKeyAtRest(dataFile: DataFile): Promise<StoredSecret | undefined> {
  const json = (await dataFile.read()) ?? {};
  requireKnown(json, dataFile.file);
  const who = describe(json);
  const clientSecret = clientSecretIn(json);
  if (!who || clientSecret === undefined) return undefined;
  // A person's client_id is their user id with a prefix, as the web vault shows it.
  return {
    clientId: who.clientId ?? `user.${who.userId}`,
    clientSecret: new Secret(clientSecret),
  };
}

/**
 * Takes out `seen`, under bw's lock and with everything else left as it is, and looks afterwards.
 * Throws data-file-busy where another one stands there by now or it comes back at once,
 * data-file-unknown where it stands in a second place too, and what `update` throws; nothing is written
 * in the first and the last case.
 */
export async function takeOutClientSecret(dataFile: DataFile, seen: Secret): Promise<void> {
  const { file } = dataFile;
  await dataFile.update((json) => {
    requireKnown(json, file);
    const now = clientSecretIn(json);
    if (now === undefined) return undefined;
    if (now !== seen.reveal()) throw failure('data-file-busy', { file });
    const clean = withClientSecret(json, null);
    requireWithout(clean, seen, file);
    return clean;
  });
  if (clientSecretIn((await dataFile.read()) ?? {}) !== undefined)
    throw failure('data-file-busy', { file });
}

/** Throws data-file-unknown for a layout that no row fits. */
export function requireKnown(json: Json, file: string): void {
  if (layoutOf(json)) return;
  throw failure('data-file-unknown', { file, problem: `stateVersion ${json.stateVersion}` });
}

/**
 * Throws data-file-unknown where the secret is left anywhere in what would be written: a later bw may
 * keep it in one place more.
 */
export function requireWithout(json: Json, clientSecret: Secret | undefined, file: string): void {
  if (!clientSecret || clientSecret.empty) return;
  const quoted = JSON.stringify(clientSecret.reveal()).slice(1, -1);
  if (!JSON.stringify(json).includes(quoted)) return;
  throw failure('data-file-unknown', { file, problem: 'bw put client_secret in an unknown place' });
}
