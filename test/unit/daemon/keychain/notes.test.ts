import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNotes } from '../../../../daemon/keychain/notes.ts';
import { withoutDescriptors } from '../../../support/descriptors.ts';
import { testOnLinux } from '../../../support/test-where.ts';

const AT = '2026-01-01T00:00:00.000Z';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-notes-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'state', 'notes.json');
const written = () => JSON.parse(readFileSync(file(), 'utf8'));

test('what could not be written is true all the same, and written with the next one', () => {
  openNotes(file()).stored('old', AT);
  const notes = openNotes(file());
  mkdirSync(`${file()}.new`);
  notes.stored('work', AT);
  notes.gone('old');
  expect(notes.storedAt('work')).toBe(AT);
  expect(notes.storedAt('old')).toBeUndefined();
  rmSync(`${file()}.new`, { recursive: true });
  notes.stored('more', AT);
  expect(written()).toEqual({ work: AT, more: AT });
});

testOnLinux('for want of descriptors no other note is forgotten', async () => {
  openNotes(file()).stored('old', AT);
  const notes = openNotes(file());
  await withoutDescriptors(() => {
    notes.stored('work', AT);
    expect(() => notes.storedAt('old')).toThrow('Too many files are open');
    expect(notes.storedAt('work')).toBe(AT);
  });
  expect(notes.storedAt('old')).toBe(AT);
  notes.stored('more', AT);
  expect(written()).toEqual({ old: AT, work: AT, more: AT });
});

test('a file that holds none is no note', () => {
  mkdirSync(join(folder, 'state'));
  writeFileSync(file(), '{"work":"yesterday"}');
  expect(openNotes(file()).storedAt('work')).toBeUndefined();
});
