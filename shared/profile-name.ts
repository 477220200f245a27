/** The name of a profile stands in folders, in keychain entries and in TOML tables: so it is plain. */

/** The profile that is always there, with bw's own default folder. */
export const DEFAULT_PROFILE = 'default';

/** What a name looks like. A folder of one of the names left out cannot be made on Windows. */
export const PROFILE_NAME = /^(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$)[a-z0-9][a-z0-9_-]{0,31}$/;

/** The same for people. */
export const PROFILE_NAME_HINT =
  '1 to 32 characters of a-z, 0-9, _ and -, the first is a letter or a digit, and Windows keeps con, prn, aux, nul, com1 and lpt1 for itself';
