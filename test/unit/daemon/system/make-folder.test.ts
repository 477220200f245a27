import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../../../daemon/system/make-folder.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'bwh-'));
});
afterEach(() => rmSync(base, { recursive: true }));

test('makes all that are missing, for us alone, and leaves what is there', () => {
  const modes = () => ['a', 'a/b'].map((path) => statSync(join(base, path)).mode & 0o777);
  makeFolder(join(base, 'a', 'b'));
  expect(modes()).toEqual([0o700, 0o700]);
  makeFolder(join(base, 'a', 'b'));
  expect(modes()).toEqual([0o700, 0o700]);
});

test('follows a link to a folder, and fails where one leads nowhere', () => {
  symlinkSync(base, join(base, 'here'));
  makeFolder(join(base, 'here', 'a'));
  expect(statSync(join(base, 'a')).isDirectory()).toBe(true);
  symlinkSync(join(base, 'nowhere'), join(base, 'broken'));
  expect(() => makeFolder(join(base, 'broken'))).toThrow('EEXIST');
});

test('fails where a file stands in the way', () => {
  writeFileSync(join(base, 'file'), '');
  expect(() => makeFolder(join(base, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(base, 'file', 'a'))).toThrow('EEXIST');
});
