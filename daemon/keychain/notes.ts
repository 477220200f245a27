/**
 * When something was stored in a keychain that does not tell "nothing there" from "I do not show it":
 * a time for each account and nothing secret, in a file that may be lost without harm.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { makeFolder } from '../make-folder.ts';
import { tryRemoveFile } from '../remove-file.ts';

const document = v.record(v.string(), v.pipe(v.string(), v.isoTimestamp()));

export interface Notes {
  /** ISO time in UTC. */
  storedAt(account: string): string | undefined;
  stored(account: string, at: string): void;
  gone(account: string): void;
}

/** The notes in `file`; none where it is missing or cannot be read. */
export function openNotes(file: string): Notes {
  /** What a full disk did not take: true as long as this daemon lives, and written with the next one. */
  let unwritten: Record<string, string> | undefined;

  function read(): Record<string, string> {
    if (unwritten) return unwritten;
    try {
      return v.parse(document, JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return {};
    }
  }

  function write(notes: Record<string, string>): void {
    try {
      makeFolder(dirname(file));
      writeFileSync(`${file}.new`, `${JSON.stringify(notes, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      unwritten = undefined;
    } catch {
      // The secret itself is stored, and after this daemon only an error will be less exact.
      unwritten = notes;
      tryRemoveFile(`${file}.new`);
    }
  }

  return {
    storedAt: (account) => (Object.hasOwn(read(), account) ? read()[account] : undefined),
    stored: (account, at) => write({ ...read(), [account]: at }),
    gone(account) {
      const { [account]: _, ...others } = read();
      write(others);
    },
  };
}
