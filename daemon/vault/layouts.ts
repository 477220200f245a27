/**
 * Where bw keeps what in data.json: one row for each layout that was seen by running bw. A file that
 * no row fits is neither read nor written.
 */

/** data.json as parsed: an object whose top-level keys bw sets one by one. */
export type Json = Readonly<Record<string, unknown>>;

/** Keys from the top of the file down to one value. */
export type Path = readonly [string, ...string[]];

/** The places that belong to one user. */
export interface Places {
  readonly email: Path;
  readonly clientId: Path;
  readonly clientSecret: Path;
  readonly accessToken: Path;
  /** The user key wrapped by the session key: bw's one session. */
  readonly slot: Path;
  /** The server of this user, as bw fixed it at login. */
  readonly environment: Path;
  /** With `hasMasterPassword`. */
  readonly decryption: Path;
  /** When the vault was last fetched. */
  readonly lastSync: Path;
}

/** One way in which bw lays out its file. */
export interface Layout {
  readonly activeUser: Path;
  /** The server for the next login. */
  readonly environment: Path;
  /** By which servers know this data folder as a device. */
  readonly appId: Path;
  places(userId: string): Places;
}

const modern: Layout = {
  activeUser: ['global_account_activeAccountId'],
  environment: ['global_environment_environment'],
  appId: ['global_applicationId_appId'],
  places: (userId) => ({
    email: ['global_account_accounts', userId, 'email'],
    clientId: [`user_${userId}_token_apiKeyClientId`],
    clientSecret: [`user_${userId}_token_apiKeyClientSecret`],
    accessToken: [`user_${userId}_token_accessToken`],
    slot: [`__PROTECTED__${userId}_user_auto`],
    environment: [`user_${userId}_environment_environment`],
    decryption: [`user_${userId}_userDecryptionOptions_decryptionOptions`],
    lastSync: [`user_${userId}_sync_lastSync`],
  }),
};

const nested: Layout = {
  activeUser: ['activeUserId'],
  environment: ['global'],
  appId: ['appId'],
  places: (userId) => ({
    email: [userId, 'profile', 'email'],
    clientId: [userId, 'profile', 'apiKeyClientId'],
    clientSecret: [userId, 'keys', 'apiKeyClientSecret'],
    accessToken: [userId, 'tokens', 'accessToken'],
    slot: [`__PROTECTED__${userId}_user_auto`],
    environment: [userId, 'settings'],
    decryption: [userId, 'decryptionOptions'],
    lastSync: [userId, 'profile', 'lastSync'],
  }),
};

// 85 is 2026.9.0 and 70 is 2025.4.0, both seen. The migrations in 2026.9.0 show that the account came
// to its place with 60 and that none of the later ones moves any of these keys. 9 is 2023.12.1, seen.
const table = [
  { from: 60, to: 85, layout: modern },
  { from: 9, to: 9, layout: nested },
] as const;

/**
 * The layout of this file; undefined where it is not known. A file without a version is known only
 * while it holds nothing of a user: bw starts from an empty one and from `{}`.
 */
export function layoutOf(json: Json): Layout | undefined {
  const version = json.stateVersion;
  if (version === undefined || version === null) return isFresh(json) ? modern : undefined;
  if (typeof version !== 'number') return undefined;
  return table.find(({ from, to }) => version >= from && version <= to)?.layout;
}

// Before version 8 the version stood below `global` and the user below `activeUserId`.
function isFresh(json: Json): boolean {
  return Object.keys(json).every((key) => key.startsWith('global_environment_'));
}
