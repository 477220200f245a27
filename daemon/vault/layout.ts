/** What data.json says, and the changes made to it: pure functions over the parsed file. */
import type { Secret } from '../../shared/secret.ts';
import { type Json, layoutOf, type Places } from './layouts.ts';

/** Where bw goes when nothing is set. */
export const DEFAULT_SERVER = 'https://vault.bitwarden.com';

/** Who is logged in to bw. */
export interface Account {
  readonly userId: string;
  readonly email: string;
  /** As bw has it set; undefined is bitwarden.com. */
  readonly server?: string;
  /** Logged in by API key, so there is no refresh token and a sync needs the client_secret. */
  readonly apiKey: boolean;
  readonly clientId?: string;
  /** When the access token runs out, in ms since 1970; undefined where it cannot be read. */
  readonly accessTokenExpiresAtMs?: number;
  /** The client_secret stands in the file in clear. */
  readonly clientSecretAtRest: boolean;
  /** False where another device or an organization keeps the key of the vault. */
  readonly hasMasterPassword: boolean;
  /** The vault was fetched since the login. */
  readonly fetched: boolean;
}

/** Who is logged in; undefined if nobody is, or if the layout is not known (`layoutOf` tells). */
export function describe(json: Json): Account | undefined {
  const places = placesIn(json);
  if (!places) return undefined;
  const clientId = text(at(json, places.clientId));
  const server = serverOf(json);
  const expiresAtMs = expiryOf(at(json, places.accessToken));
  return {
    userId: places.userId,
    email: text(at(json, places.email)) ?? '',
    apiKey: clientId !== undefined,
    clientSecretAtRest: clientSecretIn(json) !== undefined,
    fetched: text(at(json, places.lastSync)) !== undefined,
    hasMasterPassword: at(json, [...places.decryption, 'hasMasterPassword']) !== false,
    ...(server !== undefined && { server }),
    ...(clientId !== undefined && { clientId }),
    ...(expiresAtMs !== undefined && { accessTokenExpiresAtMs: expiresAtMs }),
  };
}

/**
 * The server that bw talks to, logged in or not; undefined is bitwarden.com. Once somebody is logged
 * in, the one fixed at login counts (2026.9.0).
 */
export function serverOf(json: Json): string | undefined {
  return serverIn(environmentOf(json), ['base', 'webVault', 'identity', 'api']);
}

/** The same as `bw config server` tells it: nothing where only single services have addresses. */
export function baseServerOf(json: Json): string | undefined {
  return serverIn(environmentOf(json), ['base']);
}

function environmentOf(json: Json): unknown {
  const layout = layoutOf(json);
  const places = placesIn(json);
  const users = places && at(json, places.environment);
  return users ?? (layout && at(json, layout.environment));
}

/** Whether both are the same address; a slash at the end does not count. */
export function sameServer(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '');
}

/** The address that gives tokens; where nothing is set, bitwarden.com's. */
export function identityOf(json: Json): string {
  const layout = layoutOf(json);
  const addresses = layout && addressesIn(at(json, layout.environment));
  const own = text(at(addresses, ['identity']));
  if (own) return own.replace(/\/+$/, '');
  const server = serverOf(json);
  // bitwarden.com and .eu have a name for each service; elsewhere it is a path (2026.9.0).
  const cloud = /^https:\/\/vault\.(bitwarden\.(?:com|eu))$/.exec(server ?? DEFAULT_SERVER)?.[1];
  return cloud ? `https://identity.${cloud}` : `${server?.replace(/\/+$/, '')}/identity`;
}

/** By which servers know this data folder as a device; undefined before the first login. */
export function appIdOf(json: Json): string | undefined {
  const layout = layoutOf(json);
  return layout && text(at(json, layout.appId));
}

/** The top-level key under which the session of the active user stands; undefined without a user. */
export function slotKey(json: Json): string | undefined {
  return placesIn(json)?.slot[0];
}

/** The user key wrapped by the session key, in base64; undefined when the vault is locked. */
export function slot(json: Json): string | undefined {
  const places = placesIn(json);
  return places && text(at(json, places.slot));
}

/** A copy with the slot that stands in `other`, or without one if there is none. */
export function withSlotOf(json: Json, other: Json): Json {
  const key = slotKey(json);
  if (key === undefined) return json;
  const { [key]: _, ...rest } = json;
  return Object.hasOwn(other, key) ? { ...rest, [key]: other[key] } : rest;
}

/** A copy that is locked: without the slot of the active user. */
export function withoutSlot(json: Json): Json {
  return withSlotOf(json, {});
}

/** The client_secret of the active user; undefined where none stands in the file. */
export function clientSecretIn(json: Json): string | undefined {
  const places = placesIn(json);
  return places && text(at(json, places.clientSecret));
}

/**
 * A copy with the client_secret of the active user put in, or taken out with null. Taken out means
 * set to null where it was, as bw itself does (2026.9.0 clears with null and reads null as absent).
 */
export function withClientSecret(json: Json, secret: Secret | null): Json {
  const places = placesIn(json);
  if (!places) return json;
  if (!secret && text(at(json, places.clientSecret)) === undefined) return json;
  return put(json, places.clientSecret, secret ? secret.reveal() : null);
}

function placesIn(json: Json): (Places & { userId: string }) | undefined {
  const layout = layoutOf(json);
  const userId = layout && text(at(json, layout.activeUser));
  return layout && userId !== undefined ? { userId, ...layout.places(userId) } : undefined;
}

function at(json: unknown, path: readonly string[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Json)[key];
  }
  return value;
}

function put(json: unknown, path: readonly string[], value: unknown): Json {
  const [key, ...rest] = path;
  const here = typeof json === 'object' && json !== null ? (json as Json) : {};
  if (key === undefined) return here;
  return { ...here, [key]: rest.length === 0 ? value : put(here[key], rest, value) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

// `bw config server` sets urls.base, or single addresses with base null; the desktop's regions have a
// name and no addresses. Up to 2023.12.1 the addresses are called environmentUrls.
function serverIn(environment: unknown, names: readonly string[]): string | undefined {
  const addresses = addressesIn(environment);
  const own = names.map((name) => text(at(addresses, [name])));
  const region = at(environment, ['region']);
  if (region === 'US') return undefined;
  if (region === 'EU') return 'https://vault.bitwarden.eu';
  return own.find((address) => address !== undefined);
}

function addressesIn(environment: unknown): unknown {
  return at(environment, ['urls']) ?? at(environment, ['environmentUrls']);
}

// An access token is a JWT: its second part is base64url of JSON with `exp` in seconds.
function expiryOf(token: unknown): number | undefined {
  const claims = text(token)?.split('.')[1];
  if (claims === undefined) return undefined;
  try {
    const exp = at(JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')), ['exp']);
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
