/**
 * A mark on the disk for each vault that is open: a daemon that is killed cannot lock, so the next one
 * does it for it. Also over a restart of the machine, which the session in data.json outlives.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PROFILE_NAME } from '../shared/profile-name.ts';
import type { Log } from './log.ts';
import type { Clock } from './system/clock.ts';
import { cureOf, errnoOf, inWords } from './system/file-calls.ts';
import { makeFolder } from './system/make-folder.ts';
import { removeFile, tryRemoveFile } from './system/remove-file.ts';
import { syncFolder } from './system/sync-folder.ts';

export interface OpenMark {
  readonly profile: string;
  readonly dataDir: string;
}

export interface OpenMarks {
  /** Before the vault is open. A disk that fails stops nobody; what it did not take is tried again. */
  set(mark: OpenMark): void;
  /** Once it is locked. */
  clear(profile: string): void;
  /** Those that stand there and can be read. */
  all(): OpenMark[];
  /** A sentence for `helper status` while the one of this profile is not as it should be; tries once more. */
  problem(profile: string): string | undefined;
}

/** How soon a mark that could not be set or cleared is tried again. */
const AGAIN_MS = 30_000;

interface Unsettled {
  /** What to write; undefined where it is to be cleared. */
  readonly dataDir: string | undefined;
  readonly code: string;
}

export function openMarks(folder: string, { log, clock }: { log: Log; clock: Clock }): OpenMarks {
  const fileOf = (profile: string) => join(folder, profile);
  const unsettled = new Map<string, Unsettled>();
  let planned = false;

  function write(profile: string, dataDir: string): void {
    makeFolder(folder);
    // Not in there, as each file there tells of an open vault; an empty one would tell of none.
    const aside = `${folder}.new`;
    try {
      writeThrough(aside, dataDir);
      renameSync(aside, fileOf(profile));
    } catch (thrown) {
      tryRemoveFile(aside);
      throw thrown;
    }
    syncFolder(folder);
  }

  function settle(profile: string, dataDir: string | undefined): void {
    const before = unsettled.get(profile);
    try {
      if (dataDir !== undefined) write(profile, dataDir);
      else if (existsSync(fileOf(profile))) removeFile(fileOf(profile));
      unsettled.delete(profile);
      if (before) log.info('mark of an open vault written again', { profile });
    } catch (thrown) {
      const code = errnoOf(thrown);
      unsettled.set(profile, { dataDir, code });
      if (before?.code !== code) log.warn('mark of an open vault not written', { profile, code });
      if (!planned) clock.after(AGAIN_MS, again);
      planned = true;
    }
  }

  function again(): void {
    planned = false;
    for (const [profile, { dataDir }] of unsettled) settle(profile, dataDir);
  }

  return {
    set: ({ profile, dataDir }) => settle(profile, dataDir),
    clear: (profile) => settle(profile, undefined),
    problem(profile) {
      const left = unsettled.get(profile);
      if (left) settle(profile, left.dataDir);
      const now = unsettled.get(profile);
      if (!now) return undefined;
      const but =
        now.dataDir === undefined
          ? 'the next daemon locks this vault, whoever has unlocked it by then'
          : 'a daemon that is killed leaves this vault open, and the next one does not know';
      return `the mark ${fileOf(profile)} cannot be written: ${inWords(now.code)}. ${cureOf(now.code)}: until then ${but}.`;
    },
    all() {
      return namesIn(folder).flatMap((profile) => {
        try {
          const dataDir = readFileSync(fileOf(profile), 'utf8');
          if (dataDir) return [{ profile, dataDir }];
          log.warn('mark of an open vault is empty', { profile });
        } catch (thrown) {
          log.warn('mark of an open vault not read', { profile, code: errnoOf(thrown) });
        }
        return [];
      });
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => PROFILE_NAME.test(name));
  } catch {
    return [];
  }
}

function writeThrough(file: string, text: string): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
