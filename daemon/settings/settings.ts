/** What a person has set. Only the daemon reads the file, and only when it has changed. */
import { parse } from 'smol-toml';
import * as v from 'valibot';
import { Failure, failure, toFailure } from '../../shared/errors.ts';
import { PROFILE_NAME } from '../../shared/profile-name.ts';
import { readSettingsFile, stampOf } from './file.ts';
import { schemaProblem, tomlProblem } from './problem.ts';
import { settingsSchema } from './schema.ts';

export interface Settings {
  readonly bwPath?: string;
  readonly passphraseFile?: string;
  /** In the order of the file, `default` first. */
  readonly profiles: ReadonlyMap<string, ProfileSettings>;
}

/** What is set for one profile. */
export interface ProfileSettings {
  /** https, without a slash at its end. */
  readonly server?: string;
  readonly caFile?: string;
  readonly proxy?: string;
  readonly dataDir?: string;
  readonly keychain: 'os' | 'file';
  readonly email?: string;
  /** Never above `maxMs`. */
  readonly idleMs: number;
  readonly maxMs: number;
  readonly apiKeyAtRest: 'keychain' | 'bw';
  readonly answer: boolean;
}

export interface SettingsOptions {
  readonly file: string;
  /** What `~/` stands for. */
  readonly home: string;
  /** Negative on Windows, where files have no owner to compare. */
  readonly uid: number;
}

/**
 * The settings in `file`; defaults without one. `read` costs one stat while nothing changes, and
 * throws settings-invalid for as long as the file is wrong, and too-many-files.
 */
export function openSettings(options: SettingsOptions): { read(): Settings } {
  let known: { stamp: string; outcome: Settings | Failure } | undefined;
  return {
    read() {
      // Before the file is read: what changes in between is seen next time.
      const stamp = stampOf(options.file);
      const outcome = known?.stamp === stamp ? known.outcome : outcomeOf(options);
      // Says nothing about this file, and passes without a change of it.
      const passing = outcome instanceof Failure && outcome.is('too-many-files');
      if (!passing) known = { stamp, outcome };
      if (outcome instanceof Failure) throw outcome;
      return outcome;
    },
  };
}

/** What is set for the profile `name`. Throws profile-unknown, which names those there are. */
export function profileIn({ profiles }: Settings, name: string): ProfileSettings {
  const found = profiles.get(name);
  if (found) return found;
  throw failure('profile-unknown', { profile: name, known: [...profiles.keys()].join(', ') });
}

/** What `read` gives; where it throws, `before`, if there is any: to end what was begun with that. */
export function orBefore<T>(read: () => T, before: T | undefined): T {
  try {
    return read();
  } catch (thrown) {
    if (before !== undefined) return before;
    throw thrown;
  }
}

export interface Problem {
  /** One sentence, with the line before it. */
  readonly problem: string;
  /** The text is not even TOML. */
  readonly broken?: true;
}

/** The settings in `text`, or the first of its problems. Its line is that of `shown`. */
export function parseSettings(text: string, home: string, shown = text): Settings | Problem {
  let toml: { profiles?: unknown };
  try {
    toml = parse(text);
  } catch (thrown) {
    return { problem: tomlProblem(thrown), broken: true };
  }
  const { success, output, issues } = v.safeParse(settingsSchema(home, namesIn(toml)), toml);
  return success ? settingsFrom(output) : { problem: schemaProblem(shown, issues) };
}

/** Reads the file now. Throws settings-invalid. */
export function readSettings({ file, home, uid }: SettingsOptions): {
  readonly text: string;
  readonly settings: Settings;
} {
  const invalid = (problem: string) => failure('settings-invalid', { file, problem });
  const found = readSettingsFile(file, uid);
  if ('problem' in found) throw invalid(found.problem);
  const settings = parseSettings(found.text, home);
  if ('problem' in settings) throw invalid(settings.problem);
  return { text: found.text, settings };
}

function outcomeOf(options: SettingsOptions): Settings | Failure {
  try {
    return readSettings(options).settings;
  } catch (thrown) {
    return toFailure(thrown);
  }
}

function namesIn({ profiles }: { profiles?: unknown }): string[] {
  if (typeof profiles !== 'object' || profiles === null) return [];
  return Object.keys(profiles).filter((name) => PROFILE_NAME.test(name));
}

type Set = v.InferOutput<ReturnType<typeof settingsSchema>>;

function settingsFrom(set: Set): Settings {
  return {
    ...(set.bw_path && { bwPath: set.bw_path }),
    ...(set.passphrase_file && { passphraseFile: set.passphrase_file }),
    profiles: new Map(
      Object.entries(set.profiles).map(([name, profile]) => [name, profileFrom(profile, set)]),
    ),
  };
}

function profileFrom(set: Set['profiles'][string], above: Set): ProfileSettings {
  const { server, ca_file: caFile, proxy, data_dir: dataDir, keychain, email, answer } = set;
  const maxMs = set.max ?? above.max;
  return {
    ...(server && { server }),
    ...(caFile && { caFile }),
    ...(proxy && { proxy }),
    ...(dataDir && { dataDir }),
    keychain,
    apiKeyAtRest: set.api_key_at_rest,
    answer,
    ...(email && { email }),
    // An idle limit above the absolute one never comes to bear.
    idleMs: Math.min(set.idle ?? above.idle, maxMs),
    maxMs,
  };
}
