/**
 * When something was stored in a keychain that does not tell "nothing there" from "I do not show it":
 * a time for each account and nothing secret, in a file that may be lost without harm.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { toFailure } from '../../shared/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { tryRemoveFile } from '../system/remove-file.ts';

const document = v.record(v.string(), v.pipe(v.string(), v.isoTimestamp()));

export interface Notes {
  /** ISO time in UTC. */
  storedAt(account: string): string | undefined;
  stored(account: string, at: string): void;
  gone(account: string): void;
}

/** The notes in `file`; none where it is missing or holds none. `storedAt` throws too-many-files. */
export function openNotes(file: string): Notes {
  /** What a full disk did not take: true as long as this daemon lives, and written with the next one. */
  const unwritten = new Map<string, string | undefined>();

  function change(account: string, at: string | undefined): void {
    unwritten.set(account, at);
    try {
      makeFolder(dirname(file));
      // JSON leaves out what is undefined.
      const notes = { ...read(file), ...Object.fromEntries(unwritten) };
      writeFileSync(`${file}.new`, `${JSON.stringify(notes, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      unwritten.clear();
    } catch {
      // The secret itself is stored, and after this daemon only an error will be less exact.
      tryRemoveFile(`${file}.new`);
    }
  }

  return {
    storedAt(account) {
      if (unwritten.has(account)) return unwritten.get(account);
      const notes = read(file);
      return Object.hasOwn(notes, account) ? notes[account] : undefined;
    },
    stored: change,
    gone: (account) => change(account, undefined),
  };
}

function read(file: string): Record<string, string> {
  try {
    return v.parse(document, JSON.parse(readFileSync(file, 'utf8')));
  } catch (thrown) {
    // That says nothing about what is noted.
    const reason = toFailure(thrown);
    if (reason.is('too-many-files')) throw reason;
    return {};
  }
}
