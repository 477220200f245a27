/** Every setting, once: what it may be, what it is without a word from the person, and what it does. */
import { isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import { DURATION_HINT, parseDuration } from '../../shared/duration.ts';
import { DEFAULT_PROFILE } from '../../shared/profile-name.ts';

const PATH_HINT = 'an absolute path, or one that starts with ~/';

/** The two clouds of Bitwarden, in short. */
const CLOUDS: Readonly<Record<string, string>> = {
  us: 'https://vault.bitwarden.com',
  eu: 'https://vault.bitwarden.eu',
};

/** One setting, for messages and for the page in the docs. */
export interface SettingRow {
  /** `profiles.default` for those of every profile, or empty for what stands above the first table. */
  readonly table: string;
  readonly key: string;
  readonly default?: string | boolean;
  readonly help: string;
  readonly allowed: string;
}

/**
 * The settings file as parsed from TOML; gives durations in ms and absolute paths. `names` are those
 * of its profiles: any other is an unknown key.
 */
export function settingsSchema(home: string, names: readonly string[] = []) {
  const duration = v.pipe(v.string(), v.transform(parseDuration), v.number());
  const path = v.pipe(
    v.string(),
    v.regex(/^[^\p{Cc}]+$/u),
    v.transform((text) => (text.startsWith('~/') ? join(home, text.slice(2)) : text)),
    v.check(isAbsolute),
    // Ends what is only another spelling of the same folder: `..`, a slash at the end.
    v.transform((text) => resolve(text)),
  );
  const server = v.pipe(
    v.string(),
    v.transform((text) => CLOUDS[text] ?? text),
    v.check((text) => isAddress(text, /^https:\/\//i)),
    v.transform((text) => text.replace(/\/+$/, '')),
  );

  const profile = v.strictObject({
    server: v.optional(
      v.pipe(
        server,
        about(
          'The server that `helper login` logs in to; without it, the one that bw is set to.',
          'an https:// address such as https://vault.example.com, or the word "us" or "eu" for a cloud of Bitwarden',
        ),
      ),
    ),
    ca_file: v.optional(
      v.pipe(
        path,
        about('A file with the certificate authority of that server, in PEM.', PATH_HINT),
      ),
    ),
    proxy: v.optional(
      v.pipe(
        v.string(),
        v.check((text) => isAddress(text, /^https?:\/\//i)),
        about(
          'The proxy by which bw reaches that server; no other is used, whatever the environment says.',
          'an address such as http://proxy.example.com:3128, without a user name or password',
        ),
      ),
    ),
    data_dir: v.optional(
      v.pipe(
        path,
        about(
          "The folder with bw's data.json; without it, `default` has the one that bw itself uses, and every other profile one of its own.",
          PATH_HINT,
        ),
      ),
    ),
    keychain: v.optional(
      v.pipe(
        v.picklist(['os', 'file']),
        about(
          'Where client_id and client_secret are kept: `os` is the keychain of the system, `file` an encrypted file.',
          'the word "os" or "file"',
        ),
      ),
      'os',
    ),
    api_key_at_rest: v.optional(
      v.pipe(
        v.picklist(['keychain', 'bw']),
        about(
          'Where client_secret lies between two runs: `keychain` keeps it out of data.json, `bw` leaves it there in clear, as bw itself does.',
          'the word "keychain" or "bw"',
        ),
      ),
      'keychain',
    ),
    answer: v.optional(
      v.pipe(
        v.boolean(),
        about('Whether `helper answer` prints client_id and client_secret.', 'true or false'),
      ),
      true,
    ),
    email: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u),
        about('Whose account it is; another one is told by `helper status`.', 'an email address'),
      ),
    ),
    idle: v.optional(
      v.pipe(duration, about('The same as `idle` above, for this profile.', DURATION_HINT)),
    ),
    max: v.optional(
      v.pipe(duration, about('The same as `max` above, for this profile.', DURATION_HINT)),
    ),
  });

  return v.strictObject({
    idle: v.optional(
      v.pipe(
        duration,
        about('How long a session lasts after its key was last handed out.', DURATION_HINT),
      ),
      '15m',
    ),
    max: v.optional(
      v.pipe(
        duration,
        about('How long a session lasts at most, however it is used.', DURATION_HINT),
      ),
      '8h',
    ),
    bw_path: v.optional(
      v.pipe(path, about('The Bitwarden CLI to run; without it, the first bw in PATH.', PATH_HINT)),
    ),
    passphrase_file: v.optional(
      v.pipe(
        path,
        about(
          'A file whose first line is the passphrase of the encrypted keychain file, where nobody is there to be asked; only you may be able to read it.',
          PATH_HINT,
        ),
      ),
    ),
    profiles: v.optional(
      v.strictObject(
        Object.fromEntries(
          [DEFAULT_PROFILE, ...names].map((name) => [name, v.optional(profile, {})]),
        ),
      ),
      {},
    ),
  });
}

/** Every setting in the order of the file, for messages and for the page in the docs. */
export function describeSettings(): SettingRow[] {
  return rowsOf(settingsSchema('').entries, '');
}

function about<T>(help: string, allowed: string) {
  return v.metadata<T, Pick<SettingRow, 'help' | 'allowed'>>({ help, allowed });
}

function rowsOf(entries: v.ObjectEntries, table: string): SettingRow[] {
  return Object.entries(entries).flatMap(([key, optional]) => {
    const schema = 'wrapped' in optional ? (optional.wrapped as v.GenericSchema) : optional;
    if ('entries' in schema)
      return rowsOf(schema.entries as v.ObjectEntries, table ? `${table}.${key}` : key);
    const { help, allowed } = v.getMetadata(schema) as Pick<SettingRow, 'help' | 'allowed'>;
    const preset = 'default' in optional ? optional.default : undefined;
    const told = typeof preset === 'string' || typeof preset === 'boolean';
    return [{ table, key, help, allowed, ...(told && { default: preset }) }];
  });
}

// bw refuses any server but HTTPS, and a user name or password does not belong into this file.
function isAddress(text: string, scheme: RegExp): boolean {
  const url = scheme.test(text) ? URL.parse(text) : null;
  return url !== null && !url.username && !url.password && !url.search && !url.hash;
}
