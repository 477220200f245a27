import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type DataFileDeps, openDataFile } from '../../../../daemon/vault/data-file.ts';
import { testAsUser } from '../../../support/test-where.ts';
import { folderWith, hastyClock, loggedIn, SLOT_KEY, session } from './samples.ts';

function open(folder: string, deps: Partial<DataFileDeps> = {}) {
  return openDataFile(folder, { clock: hastyClock(), platform: process.platform, ...deps });
}

function onDisk(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'));
}

/** Calls whose reads give these contents one after the other, the last one for ever. */
function reading(...contents: string[]): NonNullable<DataFileDeps['calls']> {
  return { readFile: () => (contents.length > 1 ? contents.shift() : contents[0]) ?? '' };
}

test('the stamp changes with every write in place and is undefined without a file', () => {
  const folder = folderWith({ a: 1 });
  const file = open(folder);
  const before = file.stamp();
  expect(before).toBe(file.stamp());
  writeFileSync(file.file, '{"a":2}');
  utimesSync(file.file, 1, 1);
  expect(file.stamp()).not.toBe(before);
  rmSync(file.file);
  expect(file.stamp()).toBeUndefined();
});

test('reading where there is no file, or no folder, gives undefined at once', async () => {
  const clock = hastyClock();
  expect(await open(folderWith(), { clock }).read()).toBeUndefined();
  expect(await open(join(folderWith(), 'not', 'there'), { clock }).read()).toBeUndefined();
  expect(clock.waited()).toBe(0);
});

test('a file that is empty or half-written for a moment is read once it is whole', async () => {
  const file = open(folderWith({}), { calls: reading('', '\n', '{"a": 1, "b', '{"a": 1}') });
  expect(await file.read()).toEqual({ a: 1 });
});

test('a file that changes during the read is read again', async () => {
  const folder = folderWith({ a: 1 });
  const mixed = ['{"a": "half old, half new"}'];
  const file = open(folder, {
    calls: {
      readFile(name) {
        const content = mixed.pop();
        if (content) writeFileSync(name, '{"a": 22}');
        return content ?? readFileSync(name, 'utf8');
      },
    },
  });
  expect(await file.read()).toEqual({ a: 22 });
});

test('a file that stays empty is an empty store after 500 ms', async () => {
  const clock = hastyClock();
  expect(await open(folderWith({}), { clock, calls: reading('') }).read()).toEqual({});
  expect(clock.waited()).toBeGreaterThanOrEqual(450);
  expect(clock.waited()).toBeLessThanOrEqual(500);
});

test('a writer in a loop of 10 ms, of which 7 show half a file, is met at a whole one', async () => {
  for (let startMs = 0; startMs < 10; startMs += 1) {
    const clock = hastyClock();
    const whole = () => (clock.waited() + startMs) % 10 < 3;
    const readFile = () => (whole() ? '{"a": 1}' : '{"a": ');
    expect(await open(folderWith({}), { clock, calls: { readFile } }).read()).toEqual({ a: 1 });
  }
});

test.each(['{"a": 1, "b', '[1]', 'null', '7654321', '{"a":1}{"a":1}'])(
  'a file that stays %s is unreadable, and the message does not quote it',
  async (content) => {
    const reason = open(folderWith({}), { calls: reading(content) }).read();
    await expect(reason).rejects.toMatchObject({ name: 'data-file-unreadable' });
    await expect(reason).rejects.not.toThrow(content);
  },
);

test('a folder in the place of the file is unreadable at once', async () => {
  const folder = folderWith();
  mkdirSync(join(folder, 'data.json'));
  await expect(open(folder).read()).rejects.toMatchObject({ name: 'data-file-unreadable' });
});

test('our key is live while the slot verifies, dead when it is replaced or gone', async () => {
  const [ours, others] = [session(), session()];
  const verdictFor = (json: unknown) => open(folderWith(json)).checkKey(ours.key);
  expect(await verdictFor(loggedIn({ [SLOT_KEY]: ours.slot }))).toBe('live');
  expect(await verdictFor(loggedIn({ [SLOT_KEY]: others.slot }))).toBe('dead');
  expect(await verdictFor(loggedIn())).toBe('dead');
  expect(await verdictFor({ stateVersion: 85 })).toBe('dead');
  expect(await verdictFor(undefined)).toBe('dead');
});

test('our key is unknown where nothing can be told, and never dead', async () => {
  const { key, slot } = session();
  const file = loggedIn({ [SLOT_KEY]: slot });
  const verdictFor = (content: string) =>
    open(folderWith({}), { calls: reading(content) }).checkKey(key);
  expect(await verdictFor('')).toBe('unknown');
  expect(await verdictFor('{"half')).toBe('unknown');
  expect(await verdictFor('[]')).toBe('unknown');
  expect(await verdictFor(JSON.stringify({ ...file, stateVersion: 900 }))).toBe('unknown');
  expect(await verdictFor(JSON.stringify({ ...file, [SLOT_KEY]: 'AAAA' }))).toBe('unknown');
});

test('a file that is gone for a moment does not make our key dead', async () => {
  const { key, slot } = session();
  const folder = folderWith();
  const clock = hastyClock();
  const appearing = {
    ...clock,
    after(ms: number, then: () => void) {
      if (clock.waited() === 20)
        writeFileSync(join(folder, 'data.json'), JSON.stringify(loggedIn({ [SLOT_KEY]: slot })));
      return clock.after(ms, then);
    },
  };
  expect(await open(folder, { clock: appearing }).checkKey(key)).toBe('live');
});

test('an update sees the present content, replaces it whole and leaves nothing beside it', async () => {
  const folder = folderWith({ a: 1, keep: { x: 1 } });
  const before = statSync(join(folder, 'data.json')).ino;
  expect(await open(folder).update((json) => ({ ...json, a: 2 }))).toBe(true);
  expect(onDisk(folder)).toEqual({ a: 2, keep: { x: 1 } });
  expect(statSync(join(folder, 'data.json')).ino).not.toBe(before);
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('an update that changes nothing writes nothing', async () => {
  const folder = folderWith({ a: 1 });
  const file = open(folder);
  const before = file.stamp();
  expect(await file.update(() => undefined)).toBe(false);
  expect(await file.update((json) => ({ ...json }))).toBe(false);
  expect(file.stamp()).toBe(before);
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('an update makes file and folder where there are none, for the owner alone', async () => {
  const folder = join(folderWith(), 'deep', 'er');
  expect(await open(folder).update((json) => ({ ...json, a: 1 }))).toBe(true);
  expect(onDisk(folder)).toEqual({ a: 1 });
  expect(statSync(join(folder, 'data.json')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test.each([
  [0o644, 0o600],
  [0o660, 0o600],
  [0o600, 0o600],
])('a file of mode %o has mode %o afterwards', async (before, after) => {
  const folder = folderWith({ a: 1 });
  chmodSync(join(folder, 'data.json'), before);
  await open(folder).update(() => ({ a: 2 }));
  expect(statSync(join(folder, 'data.json')).mode & 0o777).toBe(after);
});

test('a linked data.json stays a link, and its target is replaced', async () => {
  const [home, dotfiles] = [folderWith(), folderWith({ a: 1 })];
  symlinkSync(join(dotfiles, 'data.json'), join(home, 'middle'));
  symlinkSync('middle', join(home, 'data.json'));
  expect(await open(home).update(() => ({ a: 2 }))).toBe(true);
  expect(lstatSync(join(home, 'data.json')).isSymbolicLink()).toBe(true);
  expect(onDisk(dotfiles)).toEqual({ a: 2 });
  expect(readdirSync(dotfiles)).toEqual(['data.json']);
});

test('a link to a file that is not there yet stays a link', async () => {
  const [home, dotfiles] = [folderWith(), folderWith()];
  symlinkSync(join(dotfiles, 'data.json'), join(home, 'data.json'));
  await open(home).update(() => ({ a: 1 }));
  expect(lstatSync(join(home, 'data.json')).isSymbolicLink()).toBe(true);
  expect(onDisk(dotfiles)).toEqual({ a: 1 });
});

test('links in a circle are unreadable', async () => {
  const home = folderWith();
  symlinkSync('other', join(home, 'data.json'));
  symlinkSync('data.json', join(home, 'other'));
  await expect(open(home).update(() => ({}))).rejects.toMatchObject({
    name: 'data-file-unreadable',
  });
});

test("bw's lock is held during the change, beside the real file", async () => {
  const [home, dotfiles] = [folderWith(), folderWith({ a: 1 })];
  symlinkSync(join(dotfiles, 'data.json'), join(home, 'data.json'));
  const lock = join(realpathSync(dotfiles), 'data.json.lock');
  let held = false;
  await open(home).update(() => {
    held = statSync(lock).isDirectory();
    return { a: 2 };
  });
  expect(held).toBe(true);
  expect(existsSync(lock)).toBe(false);
});

test('an update waits for a lock, and works on what its holder wrote', async () => {
  const folder = folderWith({ a: 1 });
  const lock = join(folder, 'data.json.lock');
  mkdirSync(lock);
  const clock = hastyClock();
  const releasing = {
    ...clock,
    after(ms: number, then: () => void) {
      if (clock.waited() === 300) {
        writeFileSync(join(folder, 'data.json'), '{"a": 1, "b": "theirs"}');
        rmSync(lock, { recursive: true });
      }
      return clock.after(ms, then);
    },
  };
  await open(folder, { clock: releasing }).update((json) => ({ ...json, a: 2 }));
  expect(onDisk(folder)).toEqual({ a: 2, b: 'theirs' });
});

test('a lock that stays is data-file-busy after some 12 s, and is left alone', async () => {
  const folder = folderWith({ a: 1 });
  mkdirSync(join(folder, 'data.json.lock'));
  const clock = hastyClock();
  await expect(open(folder, { clock }).update(() => ({ a: 2 }))).rejects.toMatchObject({
    name: 'data-file-busy',
  });
  expect(clock.waited()).toBeGreaterThan(11_000);
  expect(clock.waited()).toBeLessThan(13_000);
  expect(onDisk(folder)).toEqual({ a: 1 });
  expect(existsSync(join(folder, 'data.json.lock'))).toBe(true);
});

test('the lock of a dead process is taken over when it is 10 s old', async () => {
  const folder = folderWith({ a: 1 });
  const lock = join(folder, 'data.json.lock');
  mkdirSync(lock);
  utimesSync(lock, Date.now() / 1_000 - 11, Date.now() / 1_000 - 11);
  const clock = hastyClock();
  expect(await open(folder, { clock }).update(() => ({ a: 2 }))).toBe(true);
  expect(clock.waited()).toBe(0);
  expect(existsSync(lock)).toBe(false);
});

test('updates at the same moment, of one process, lose nothing', async () => {
  const folder = folderWith({});
  const names = Array.from({ length: 12 }, (_, n) => `key${n}`);
  // Real pauses, as each waits for the others' locks.
  const clock = { ...hastyClock(), after: realAfter };
  await Promise.all(
    names.map((name) => open(folder, { clock }).update((json) => ({ ...json, [name]: 1 }))),
  );
  expect(Object.keys(onDisk(folder) as object).sort()).toEqual(names.sort());
});

function realAfter(_: number, then: () => void) {
  const timer = setTimeout(then, 1);
  return () => clearTimeout(timer);
}

test('the lock is released when the change throws', async () => {
  const folder = folderWith({ a: 1 });
  const refusal = open(folder).update(() => {
    throw new Error('refused');
  });
  await expect(refusal).rejects.toThrow('refused');
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test.each([
  ['writeAll', 'ENOSPC'],
  ['writeAll', 'EDQUOT'],
  ['fsync', 'EIO'],
  ['rename', 'EROFS'],
  ['rename', 'EBUSY'],
] as const)('when %s fails with %s, the old content stays alone', async (call, code) => {
  const folder = folderWith({ a: 1 });
  const failing = () => {
    throw Object.assign(new Error(`${code}: at /some/where`), { code });
  };
  const file = open(folder, { platform: 'linux', calls: { [call]: failing } });
  await expect(file.update(() => ({ a: 2 }))).rejects.toMatchObject({
    name: 'data-file-unwritable',
  });
  expect(onDisk(folder)).toEqual({ a: 1 });
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('a full disk is told in words', async () => {
  const writeAll = () => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  await expect(
    open(folderWith({ a: 1 }), { calls: { writeAll } }).update(() => ({ a: 2 })),
  ).rejects.toThrow(/data\.json cannot be written: no space is left/);
});

test('on Windows a rename is tried again while another program has the file open', async () => {
  const folder = folderWith({ a: 1 });
  let refusals = 3;
  const { renameSync } = await import('node:fs');
  const file = open(folder, {
    platform: 'win32',
    calls: {
      rename(from, to) {
        if (refusals-- > 0) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
        renameSync(from, to);
      },
    },
  });
  expect(await file.update(() => ({ a: 2 }))).toBe(true);
  expect(onDisk(folder)).toEqual({ a: 2 });
});

test('what a killed daemon left aside is replaced', async () => {
  const folder = folderWith({ a: 1 });
  writeFileSync(join(folder, 'data.json.bw-helper'), 'half of it');
  await open(folder).update(() => ({ a: 2 }));
  expect(readdirSync(folder)).toEqual(['data.json']);
});

// Root may write anywhere.
testAsUser('a folder that may not be written is told at once', async () => {
  const folder = folderWith({ a: 1 });
  chmodSync(folder, 0o500);
  const clock = hastyClock();
  const refusal = open(folder, { clock }).update(() => ({ a: 2 }));
  await expect(refusal).rejects.toMatchObject({ name: 'data-file-unwritable' });
  expect(clock.waited()).toBe(0);
  chmodSync(folder, 0o700);
});

testAsUser('a file that its owner made read-only is not replaced', async () => {
  const folder = folderWith({ a: 1 });
  chmodSync(join(folder, 'data.json'), 0o400);
  await expect(open(folder).update(() => ({ a: 2 }))).rejects.toMatchObject({
    name: 'data-file-unwritable',
  });
  expect(onDisk(folder)).toEqual({ a: 1 });
});

test('removing our slot leaves everything else, and the key is dead', async () => {
  const { key, slot } = session();
  const folder = folderWith(loggedIn({ [SLOT_KEY]: slot, other: [1] }));
  expect(await open(folder).removeSlot(key)).toBe('removed');
  expect(onDisk(folder)).toEqual(loggedIn({ other: [1] }));
  expect(await open(folder).checkKey(key)).toBe('dead');
});

test("somebody else's slot is left alone", async () => {
  const [ours, others] = [session(), session()];
  const folder = folderWith(loggedIn({ [SLOT_KEY]: others.slot }));
  expect(await open(folder).removeSlot(ours.key)).toBe('other');
  expect(await open(folder).checkKey(others.key)).toBe('live');
});

test('without a slot there is nothing to remove, logged in or not', async () => {
  const { key } = session();
  expect(await open(folderWith(loggedIn())).removeSlot(key)).toBe('absent');
  expect(await open(folderWith({ stateVersion: 85 })).removeSlot(key)).toBe('absent');
  const nothing = folderWith();
  expect(await open(nothing).removeSlot(key)).toBe('absent');
  expect(readdirSync(nothing)).toEqual([]);
});

test('in a layout that is not known nothing is removed', async () => {
  const { key, slot } = session();
  const json = { ...loggedIn({ [SLOT_KEY]: slot }), stateVersion: 900 };
  const folder = folderWith(json);
  expect(await open(folder).removeSlot(key)).toBe('unknown');
  expect(onDisk(folder)).toEqual(json);
});

test('a slot that another writer puts back is removed again, three times at most', async () => {
  const { key, slot } = session();
  const json = JSON.stringify(loggedIn({ [SLOT_KEY]: slot }));
  const folder = folderWith();
  writeFileSync(join(folder, 'data.json'), json);
  const { renameSync } = await import('node:fs');
  let puttingBack = 2;
  const file = open(folder, {
    calls: {
      rename(from, to) {
        renameSync(from, to);
        if (puttingBack-- > 0) writeFileSync(to, json);
      },
    },
  });
  expect(await file.removeSlot(key)).toBe('removed');
  puttingBack = 3;
  writeFileSync(join(folder, 'data.json'), json);
  await expect(file.removeSlot(key)).rejects.toMatchObject({ name: 'data-file-busy' });
});

test('another folder is opened with the same calls', async () => {
  const other = mkdtempSync(join(folderWith(), 'x'));
  const file = open(folderWith(), { calls: reading('{"from": "calls"}') }).elsewhere(other);
  writeFileSync(file.file, '');
  expect(await file.read()).toEqual({ from: 'calls' });
  expect(file.folder).toBe(other);
});
