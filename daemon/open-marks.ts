/**
 * A mark on the disk for each vault that is open: a daemon that is killed cannot lock, so the next one
 * does it for it. Also over a restart of the machine, which the session in data.json outlives.
 */
import { createHash } from 'node:crypto';
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
import { profileOfMark } from '../shared/open-mark.ts';
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
  clear(mark: OpenMark): void;
  /** Those that stand there and can be read. */
  all(): OpenMark[];
  /** A sentence for `helper status` while this one is not as it should be; tries once more. */
  problem(mark: OpenMark): string | undefined;
}

/** How soon a mark that could not be set or cleared is tried again. */
const AGAIN_MS = 30_000;

interface Unsettled {
  readonly mark: OpenMark;
  /** Whether it is to stand there, or to be cleared. */
  readonly stands: boolean;
  readonly code: string;
}

/** The name of its file. */
export function nameOf({ profile, dataDir }: OpenMark): string {
  return `${profile}.${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
}

export function openMarks(folder: string, { log, clock }: { log: Log; clock: Clock }): OpenMarks {
  const fileOf = (mark: OpenMark) => join(folder, nameOf(mark));
  const unsettled = new Map<string, Unsettled>();
  let planned = false;

  function write(mark: OpenMark): void {
    const file = fileOf(mark);
    // It stands there as long as a vault that was left open could not be locked.
    if (existsSync(file) && readFileSync(file, 'utf8') === mark.dataDir) return;
    makeFolder(folder);
    // Not in there, as each file there tells of an open vault; an empty one would tell of none.
    const aside = `${folder}.new`;
    try {
      writeThrough(aside, mark.dataDir);
      renameSync(aside, file);
    } catch (thrown) {
      tryRemoveFile(aside);
      throw thrown;
    }
    syncFolder(folder);
  }

  function settle(mark: OpenMark, stands: boolean): void {
    const name = nameOf(mark);
    const { profile } = mark;
    const before = unsettled.get(name);
    try {
      if (stands) write(mark);
      else if (existsSync(fileOf(mark))) removeFile(fileOf(mark));
      unsettled.delete(name);
      if (before) log.info('mark of an open vault written again', { profile });
    } catch (thrown) {
      const code = errnoOf(thrown);
      unsettled.set(name, { mark, stands, code });
      if (before?.code !== code) log.warn('mark of an open vault not written', { profile, code });
      if (!planned) clock.after(AGAIN_MS, again);
      planned = true;
    }
  }

  function again(): void {
    planned = false;
    for (const { mark, stands } of unsettled.values()) settle(mark, stands);
  }

  return {
    set: (mark) => settle(mark, true),
    clear: (mark) => settle(mark, false),
    problem(mark) {
      const left = unsettled.get(nameOf(mark));
      if (left) settle(mark, left.stands);
      const now = unsettled.get(nameOf(mark));
      if (!now) return undefined;
      const but = now.stands
        ? 'a daemon that is killed leaves this vault open, and the next one does not know'
        : 'the next daemon locks this vault, whoever has unlocked it by then';
      return `the mark ${fileOf(mark)} cannot be written: ${inWords(now.code)}. ${cureOf(now.code)}: until then ${but}.`;
    },
    all() {
      return namesIn(folder).flatMap((name) => {
        const profile = profileOfMark(name) ?? '';
        try {
          const dataDir = readFileSync(join(folder, name), 'utf8');
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
    return readdirSync(folder).filter((name) => profileOfMark(name) !== undefined);
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
