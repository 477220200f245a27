/** The name of a profile stands in folders, in keychain entries and in TOML tables: so it is plain. */

/** The profile that is always there, with bw's own default folder. */
export const DEFAULT_PROFILE = 'default';

/** What a name looks like. */
export const PROFILE_NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** The same for people. */
export const PROFILE_NAME_HINT =
  '1 to 32 characters of a-z, 0-9, _ and -, and the first is a letter or a digit';
