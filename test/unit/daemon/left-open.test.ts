import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as settle } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { createLeftOpen, type LeftOpen } from '../../../daemon/left-open.ts';
import type { DataFile } from '../../../daemon/vault/data-file.ts';
import { failure } from '../../../shared/errors.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { folderWith } from './vault/samples.ts';

const AGAIN_MS = 30_000;

let folder: string;
let MARK: { profile: string; dataDir: string };
let clock: ManualClock;
let open: boolean;
let fails: boolean;
let busy: boolean;
let marked: string[];
let claimed: string[];
let leftOpen: LeftOpen;
beforeEach(() => {
  folder = folderWith({});
  MARK = { profile: 'default', dataDir: folder };
  [clock, open, fails, busy] = [manualClock(), true, false, false];
  marked = [MARK.profile];
  claimed = [];
  const dataFile = {
    file: join(folder, 'data.json'),
    async mend() {},
    async update() {
      if (fails) throw failure('data-file-unwritable', { file: 'data.json', problem: 'full' });
      const was = open;
      open = false;
      return was;
    },
  } as unknown as DataFile;
  leftOpen = createLeftOpen({
    marks: {
      all: () => [MARK],
      clear: ({ profile }) => void marked.splice(marked.indexOf(profile), 1),
      set() {},
      problem: () => undefined,
    },
    claims: {
      claim: (name) => void claimed.push(name),
      release: (name) => void claimed.splice(claimed.indexOf(name), 1),
    },
    dataFile: () => dataFile,
    bw: () => () => Promise.reject(new Error('not needed')),
    served: () =>
      busy
        ? { alone: (work) => work(), dataDir: folder, sessions: { busy: () => busy } as never }
        : undefined,
    clock,
    log: { info() {}, warn() {}, debug() {} },
    audit: { record() {}, problem: () => undefined },
  });
});

test('it is locked, its mark goes, and the folder is let go of', async () => {
  expect(await leftOpen.lock()).toBe(true);
  expect({ open, marked, claimed }).toEqual({ open: false, marked: [], claimed: [] });
  expect(leftOpen.why('default')).toBeUndefined();
});

test('what could not be locked keeps its mark, is told, and is tried again by itself', async () => {
  fails = true;
  expect(await leftOpen.lock()).toBe(false);
  expect(leftOpen.why('default')).toMatchObject({ name: 'lock-failed' });
  expect(leftOpen.all()).toMatchObject([{ profile: 'default', why: { exit: 43 } }]);
  expect(marked).toEqual(['default']);
  fails = false;
  clock.advance(AGAIN_MS);
  await settle();
  expect({ open, marked, all: leftOpen.all() }).toEqual({ open: false, marked: [], all: [] });
});

test('an unlock that is under way is not ended by it', async () => {
  busy = true;
  expect(await leftOpen.lock('default')).toBe(false);
  expect(open).toBe(true);
  expect(leftOpen.why('default')?.message).toContain('an unlock is under way');
});

test('once a session of ours has taken its place nothing is locked any more', async () => {
  fails = true;
  await leftOpen.lock();
  fails = false;
  leftOpen.replaced(MARK);
  expect(leftOpen.why('default')).toBeUndefined();
  clock.advance(AGAIN_MS);
  await settle();
  expect({ open, marked }).toEqual({ open: true, marked: ['default'] });
});

test('that of another profile is not tried, nor taken for replaced by another folder', async () => {
  expect(await leftOpen.lock('work')).toBe(false);
  leftOpen.replaced({ ...MARK, dataDir: '/elsewhere' });
  expect(open).toBe(true);
  expect(leftOpen.why('default')).toBeDefined();
});

test.each([
  ['is missing', (file: string) => rmSync(file)],
  ['is empty', (file: string) => truncateSync(file)],
])('a data.json that %s is not taken for a locked one', async (_, happens) => {
  happens(join(folder, 'data.json'));
  expect(await leftOpen.lock()).toBe(false);
  expect(leftOpen.why('default')?.message).toContain('data.json is missing or empty');
  expect(marked).toEqual(['default']);
});
