import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { folderWith, hastyClock, loggedIn } from './samples.ts';

const open = (folder: string, calls = {}) =>
  openDataFile(folder, { clock: hastyClock(), platform: process.platform, calls });

const FULL = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

test.each([
  ['half a file', 2_000],
  ['an empty one', 0],
])('a bw that leaves %s leaves the old one', async (_, length) => {
  const folder = folderWith(loggedIn());
  const file = join(folder, 'data.json');
  const { mode } = statSync(file);
  const work = open(folder).guarded(async () => {
    truncateSync(file, length);
    throw new Error('ENOSPC: no space left on device, write');
  });
  await expect(work).rejects.toThrow('no space left');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(loggedIn());
  expect(statSync(file).mode).toBe(mode);
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('what a bw has written whole stays, and nothing beside it', async () => {
  const folder = folderWith(loggedIn());
  const file = join(folder, 'data.json');
  const work = async () => {
    writeFileSync(file, JSON.stringify(loggedIn({ more: 1 })));
    return 'done';
  };
  expect(await open(folder).guarded(work)).toBe('done');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(loggedIn({ more: 1 }));
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test.each(['writeAll', 'fsync'])(
  'no bw runs where %s of the copy meets a full disk',
  async (call) => {
    const folder = folderWith(loggedIn());
    const fails = () => {
      throw FULL;
    };
    let ran = false;
    const work = open(folder, { [call]: fails }).guarded(async () => {
      ran = true;
    });
    await expect(work).rejects.toThrow(`${folder}/data.json cannot be written: no space is left.`);
    expect(ran).toBe(false);
    expect(readdirSync(folder)).toEqual(['data.json']);
  },
);

test('a rest of a daemon that was killed is no obstacle', async () => {
  const folder = folderWith(loggedIn());
  writeFileSync(join(folder, 'data.json.bw-helper-kept'), '{');
  await open(folder).guarded(async () => {});
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('what a daemon that was killed kept stands in the place of what bw lost, and nothing else', async () => {
  for (const [left, kept, wanted] of [
    ['{"a', '{"whole":1}', '{"whole":1}'],
    ['', '{"whole":1}', '{"whole":1}'],
    ['{"newer":1}', '{"whole":1}', '{"newer":1}'],
    ['', '{"half', ''],
  ] as const) {
    const folder = folderWith();
    writeFileSync(join(folder, 'data.json'), left);
    writeFileSync(join(folder, 'data.json.bw-helper-kept'), kept);
    await open(folder).mend();
    expect(readFileSync(join(folder, 'data.json'), 'utf8')).toBe(wanted);
    expect(readdirSync(folder)).toEqual(['data.json']);
  }
});

test('without a file, or with one that is broken already, bw does what it does', async () => {
  const [none, broken] = [folderWith(), folderWith()];
  writeFileSync(join(broken, 'data.json'), '{');
  for (const folder of [none, broken]) expect(await open(folder).guarded(async () => 1)).toBe(1);
  expect(readFileSync(join(broken, 'data.json'), 'utf8')).toBe('{');
});
