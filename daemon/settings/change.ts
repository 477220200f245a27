/** Changes the settings file: only what is valid afterwards is written, whole, one change at a time. */
import { dirname } from 'node:path';
import { failure } from '../../shared/errors.ts';
import type { Clock } from '../clock.ts';
import { codeOf, inWords, realCalls } from '../file-calls.ts';
import { makeFolder } from '../make-folder.ts';
import { createQueue } from '../queue.ts';
import { replaceFile, targetOf } from '../vault/replace.ts';
import { readSettingsFile } from './file.ts';
import { parseSettings, type Settings, type SettingsOptions } from './settings.ts';

/**
 * Writes what `edit` makes of the text, once `ready` has seen the settings that it would give. Throws
 * settings-invalid where the file cannot be used as it is, usage where it could not be afterwards,
 * data-file-unwritable, and what `edit` and `ready` throw; the file is untouched then. A link stays a
 * link: the file behind it is replaced.
 */
export type ChangeSettings = (
  edit: (text: string) => string,
  ready?: (after: Settings) => Promise<void> | void,
) => Promise<void>;

export function createChange(
  options: SettingsOptions & { readonly clock: Clock; readonly platform: NodeJS.Platform },
): ChangeSettings {
  const { file, home, uid, clock, platform } = options;
  const queue = createQueue();
  return (edit, ready) =>
    queue(async () => {
      const found = readSettingsFile(file, uid);
      if ('problem' in found) throw failure('settings-invalid', { file, problem: found.problem });
      const before = parseSettings(found.text, home);
      if ('problem' in before) throw failure('settings-invalid', { file, problem: before.problem });
      const text = edit(found.text);
      const after = parseSettings(text, home);
      // The line is one of a text that nobody has seen.
      if ('problem' in after)
        throw failure('usage', { problem: after.problem.replace(/^line \d+: /, '') });
      await ready?.(after);
      if (text === found.text) return;
      makeRoom(file);
      await replaceFile(targetOf(file), text, { clock, platform, calls: realCalls });
    });
}

function makeRoom(file: string): void {
  try {
    makeFolder(dirname(file));
  } catch (thrown) {
    throw failure('data-file-unwritable', { file, problem: inWords(codeOf(thrown)) });
  }
}
