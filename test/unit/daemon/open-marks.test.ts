import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameOf, type OpenMarks, openMarks } from '../../../daemon/open-marks.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';

const MARK = { profile: 'default', dataDir: '/home/fern/.config/Bitwarden CLI' };

let state: string;
let folder: string;
let clock: ManualClock;
let logged: string[];
let marks: OpenMarks;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'bwh-marks-'));
  folder = join(state, 'open');
  clock = manualClock();
  logged = [];
  const note = (event: string) => void logged.push(event);
  marks = openMarks(folder, { clock, log: { info: note, warn: note, debug: note } });
});
afterEach(() => rmSync(state, { recursive: true }));

test('a mark that cannot be written is told, logged once, and set by itself when it can be', () => {
  // Root is refused nothing but this.
  writeFileSync(folder, '');
  marks.set(MARK);
  marks.set(MARK);
  expect(marks.problem(MARK)).toBe(
    `the mark ${join(folder, nameOf(MARK))} cannot be written: a folder on the way is a file. Free the disk or correct the permissions: until then a daemon that is killed leaves this vault open, and the next one does not know.`,
  );
  expect(marks.problem({ ...MARK, profile: 'work' })).toBeUndefined();
  expect(logged).toEqual(['mark of an open vault not written']);
  rmSync(folder);
  clock.advance(30_000);
  expect(readFileSync(join(folder, nameOf(MARK)), 'utf8')).toBe(MARK.dataDir);
  expect(marks.problem(MARK)).toBeUndefined();
});

test('nothing is left beside the folder of a mark that could not be put in its place', () => {
  mkdirSync(join(folder, nameOf(MARK)), { recursive: true });
  marks.set(MARK);
  expect(marks.problem(MARK)).toContain('it is a folder');
  expect(readdirSync(state)).toEqual(['open']);
});

test('a mark that cannot be cleared says whom that would lock out, and goes later', () => {
  marks.set(MARK);
  rmSync(join(folder, nameOf(MARK)));
  mkdirSync(join(folder, nameOf(MARK)));
  marks.clear(MARK);
  expect(marks.problem(MARK)).toContain('until then the next daemon locks this vault');
  rmSync(join(folder, nameOf(MARK)), { recursive: true });
  writeFileSync(join(folder, nameOf(MARK)), MARK.dataDir);
  clock.advance(30_000);
  expect(readdirSync(folder)).toEqual([]);
});

test('a mark that is cleared before it could be written is not written later', () => {
  writeFileSync(folder, '');
  marks.set(MARK);
  marks.clear(MARK);
  rmSync(folder);
  clock.advance(60_000);
  expect(marks.all()).toEqual([]);
  expect(marks.problem(MARK)).toBeUndefined();
});
