/** What a person has set. Only the daemon reads the file, and only when it has changed. */
import { parse } from 'smol-toml';
import * as v from 'valibot';
import { Failure, failure } from '../../shared/errors.ts';
import { readSettingsFile, stampOf } from './file.ts';
import { schemaProblem, tomlProblem } from './problem.ts';
import { settingsSchema } from './schema.ts';

export interface Settings {
  /** Never above `maxMs`. */
  readonly idleMs: number;
  readonly maxMs: number;
  readonly bwPath?: string;
  readonly profile: {
    readonly name: 'default';
    /** https, without a slash at its end. */
    readonly server?: string;
    readonly caFile?: string;
    readonly dataDir?: string;
    readonly keychain: 'os' | 'file';
    readonly apiKeyAtRest: 'keychain' | 'bw';
    readonly answer: boolean;
  };
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
 * throws settings-invalid for as long as the file is wrong.
 */
export function openSettings(options: SettingsOptions): { read(): Settings } {
  let known: { stamp: string; outcome: Settings | Failure } | undefined;
  return {
    read() {
      // Before the file is read: what changes in between is seen next time.
      const stamp = stampOf(options.file);
      if (known?.stamp !== stamp) known = { stamp, outcome: outcomeOf(options) };
      if (known.outcome instanceof Failure) throw known.outcome;
      return known.outcome;
    },
  };
}

function outcomeOf({ file, home, uid }: SettingsOptions): Settings | Failure {
  const found = readSettingsFile(file, uid);
  if ('problem' in found) return failure('settings-invalid', { file, problem: found.problem });
  let toml: object;
  try {
    toml = parse(found.text);
  } catch (thrown) {
    return failure('settings-invalid', { file, problem: tomlProblem(thrown) });
  }
  const { success, output, issues } = v.safeParse(settingsSchema(home), toml);
  if (success) return settingsFrom(output);
  return failure('settings-invalid', { file, problem: schemaProblem(found.text, issues) });
}

function settingsFrom(set: v.InferOutput<ReturnType<typeof settingsSchema>>): Settings {
  const { server, ca_file: caFile, data_dir: dataDir, keychain, answer } = set.profiles.default;
  return {
    // An idle limit above the absolute one never comes to bear.
    idleMs: Math.min(set.idle, set.max),
    maxMs: set.max,
    ...(set.bw_path && { bwPath: set.bw_path }),
    profile: {
      name: 'default',
      ...(server && { server }),
      ...(caFile && { caFile }),
      ...(dataDir && { dataDir }),
      keychain,
      apiKeyAtRest: set.profiles.default.api_key_at_rest,
      answer,
    },
  };
}
