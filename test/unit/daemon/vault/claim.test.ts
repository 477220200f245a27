import {
  fstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createClaims } from '../../../../daemon/vault/claim.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { testOnLinux } from '../../../support/test-where.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('claims once, and makes the folder that bw would make', () => {
  let locks = 0;
  const made = join(folder, 'made');
  const claims = createClaims({ lockFile: () => ++locks > 0, owner: 'pid 1' });
  claims.claim('default', made);
  claims.claim('default', made);
  expect(locks).toBe(1);
});

test('names the daemon that has it, each time it is asked', () => {
  const early = createClaims({ lockFile: () => true, owner: 'pid 7, /run/user/7' });
  early.claim('default', folder);
  const late = createClaims({ lockFile: () => false, owner: 'pid 8' });
  for (let tries = 0; tries < 2; tries += 1)
    expect(() => late.claim('default', folder)).toThrow(
      `Another bw-helper (pid 7, /run/user/7) serves ${folder}.`,
    );
});

test('tells whoever meets the owner of their own runtime folder that it leaves by itself', () => {
  createClaims({ lockFile: () => true, owner: 'pid 7, /run/user/7' }).claim('default', folder);
  const met = (owner: string) => {
    try {
      createClaims({ lockFile: () => false, owner }).claim('default', folder);
    } catch (thrown) {
      return (thrown as Failure).row.next;
    }
  };
  expect(met('pid 8, /run/user/7')).toContain('leaves by itself within 30 s');
  expect(met('pid 8, /run/user/8')).toContain('run `helper daemon stop` where it runs');
});

test('lets go of one folder of a profile and keeps the other', () => {
  let locks = 0;
  const claims = createClaims({ lockFile: () => ++locks > 0, owner: 'pid 1' });
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const path of [one, two]) claims.claim('default', path);
  claims.release('default', one);
  for (const path of [one, two]) claims.claim('default', path);
  expect(locks).toBe(3);
});

test('refuses a second profile of our own, also by a link, until the first has let go', () => {
  const link = `${folder}-link`;
  symlinkSync(folder, link);
  onTestFinished(() => rmSync(link));
  const claims = createClaims({ lockFile: () => true, owner: 'pid 1' });
  claims.claim('home', folder);
  for (const path of [folder, link])
    expect(() => claims.claim('work', path)).toThrow(
      `The profiles work and home have the same data folder, ${path}.`,
    );
  claims.release('home');
  claims.claim('work', link);
  expect(() => claims.claim('home', folder)).toThrow('The profiles home and work');
});

test('a lock on a file that was removed is none: it is taken anew, or another has it by then', () => {
  // As flock: by the file, whatever path leads there.
  const locked = new Set<bigint>();
  const lockFile = (fd: number) => {
    const { ino } = fstatSync(fd, { bigint: true });
    return !locked.has(ino) && locked.add(ino).size > 0;
  };
  const [ours, theirs] = ['ours', 'theirs'].map((owner) => createClaims({ lockFile, owner }));
  ours?.claim('default', folder);
  renameSync(join(folder, 'bw-helper.lock'), join(folder, 'removed'));
  ours?.claim('default', folder);
  expect(() => theirs?.claim('default', folder)).toThrow('(ours)');
  renameSync(join(folder, 'bw-helper.lock'), join(folder, 'removed too'));
  theirs?.claim('default', folder);
  expect(() => ours?.claim('default', folder)).toThrow('(theirs)');
});

test('a file that is removed while its lock is taken is not what is claimed', () => {
  let locks = 0;
  const lockFile = () => {
    locks += 1;
    if (locks === 1) rmSync(join(folder, 'bw-helper.lock'));
    return true;
  };
  createClaims({ lockFile, owner: 'pid 1' }).claim('default', folder);
  expect(locks).toBe(2);
  expect(readFileSync(join(folder, 'bw-helper.lock'), 'utf8')).toBe('pid 1\n');
});

testOnLinux('on a full disk the lock counts, though nobody reads whose it is', () => {
  symlinkSync('/dev/full', join(folder, 'bw-helper.lock'));
  let locks = 0;
  const claims = createClaims({ lockFile: () => ++locks > 0, owner: 'pid 1' });
  claims.claim('default', folder);
  claims.claim('default', folder);
  expect(locks).toBe(1);
  expect(() => claims.claim('work', folder)).toThrow('The profiles work and default');
});

test('a folder that cannot be made is told in words', () => {
  writeFileSync(join(folder, 'file'), '');
  const claims = createClaims({ lockFile: () => true, owner: '' });
  expect(() => claims.claim('default', join(folder, 'file', 'below'))).toThrow(
    'cannot be written: a folder on the way is a file.',
  );
});
