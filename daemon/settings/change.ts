/** Changes the settings file: only what is valid afterwards is written, whole, one change at a time. */
import { dirname } from 'node:path';
import { failure } from '../../shared/errors.ts';
import { createQueue } from '../queue.ts';
import type { Clock } from '../system/clock.ts';
import { type Calls, codeOf, inWords, realCalls } from '../system/file-calls.ts';
import { makeFolder } from '../system/make-folder.ts';
import { replaceFile, targetOf } from '../vault/replace.ts';
import { readSettingsFile } from './file.ts';
import { parseSettings, type Settings, type SettingsOptions } from './settings.ts';

/**
 * Writes what `edit` makes of the text, once `ready` has seen the settings that it would give. A file
 * that is wrong can be put right by it. Throws settings-invalid where the file cannot be used as it is,
 * or stays wrong in another place; usage where it would become wrong; settings-unwritable, and what
 * `edit` and `ready` throw. The file is untouched then. A link stays a link: the file behind it is
 * replaced.
 */
export type ChangeSettings = (
  edit: (text: string) => string,
  ready?: (after: Settings) => Promise<void> | void,
) => Promise<void>;

export function createChange(
  options: SettingsOptions & {
    readonly clock: Clock;
    readonly platform: NodeJS.Platform;
    /** File calls, for tests of full disks. */
    readonly calls?: Partial<Calls>;
  },
): ChangeSettings {
  const { file, home, uid, clock, platform } = options;
  const queue = createQueue();
  const invalid = (problem: string) => failure('settings-invalid', { file, problem });

  /** What the file would be, valid as a whole. */
  function plan(edit: (text: string) => string) {
    const found = readSettingsFile(file, uid);
    if ('problem' in found) throw invalid(found.problem);
    const before = parseSettings(found.text, home);
    if ('problem' in before && before.broken) throw invalid(before.problem);
    const text = edit(found.text);
    const after = parseSettings(text, home, found.text);
    if (!('problem' in after)) return { text, after, changed: text !== found.text };
    if ('problem' in before) throw invalid(after.problem);
    // What is wrong stands in no line that anybody has seen.
    throw failure('usage', { problem: after.problem.replace(/^line \d+: /, '') });
  }

  return (edit, ready) =>
    queue(async () => {
      await ready?.(plan(edit).after);
      // Only now: a person may have saved the file while another one was asked something.
      const { text, changed } = plan(edit);
      if (!changed) return;
      makeRoom(file);
      const around = { clock, platform, calls: { ...realCalls, ...options.calls } };
      await replaceFile(targetOf(file, 'settings-unwritable'), text, around, 'settings-unwritable');
    });
}

function makeRoom(file: string): void {
  try {
    makeFolder(dirname(file));
  } catch (thrown) {
    throw failure('settings-unwritable', { file, problem: inWords(codeOf(thrown)) });
  }
}
