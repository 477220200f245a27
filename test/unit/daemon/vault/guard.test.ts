import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
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

/** Reads as the system does; what `problem` says of a file it throws. */
const troubled = (problem: (file: string) => string | undefined) => ({
  readFile(file: string) {
    const code = problem(file);
    if (code) throw Object.assign(new Error(code), { code });
    return readFileSync(file, 'utf8');
  },
});

test.each([
  ['EMFILE', 'Too many files are open'],
  ['EACCES', 'permission denied'],
])('what cannot be read now (%s) is not called lost', async (code, says) => {
  const folder = folderWith(loggedIn());
  const file = join(folder, 'data.json');
  const newer = JSON.stringify(loggedIn({ more: 1 }));
  let done = false;
  const calls = troubled((name) => (done && name === file ? code : undefined));
  const work = open(folder, calls).guarded(async () => {
    writeFileSync(file, newer);
    done = true;
  });
  await expect(work).rejects.toThrow(says);
  expect(readFileSync(file, 'utf8')).toBe(newer);
  await open(folder).mend();
  expect(readFileSync(file, 'utf8')).toBe(newer);
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('a copy is kept until it can be told whether it is needed', async () => {
  const folder = folderWith();
  const kept = join(folder, 'data.json.bw-helper-kept');
  writeFileSync(join(folder, 'data.json'), '{"a');
  writeFileSync(kept, '{"whole":1}');
  const calls = troubled((name) => (name === kept ? 'EMFILE' : undefined));
  await expect(open(folder, calls).mend()).rejects.toThrow('Too many files are open');
  await open(folder).mend();
  expect(readFileSync(join(folder, 'data.json'), 'utf8')).toBe('{"whole":1}');
});

test('no bw runs without a copy for want of descriptors', async () => {
  const folder = folderWith(loggedIn());
  let ran = false;
  const work = open(
    folder,
    troubled(() => 'EMFILE'),
  ).guarded(async () => {
    ran = true;
  });
  await expect(work).rejects.toThrow('Too many files are open');
  expect(ran).toBe(false);
});

test('what another bw is writing is not taken for lost', async () => {
  const folder = folderWith();
  const file = join(folder, 'data.json');
  const kept = `${file}.bw-helper-kept`;
  writeFileSync(file, '');
  writeFileSync(kept, '{"whole":1}');
  const release = await lock(file, { realpath: false });
  // It was slow, and comes to its end just after nobody waited for it any more.
  const readFile = (name: string) => {
    const text = readFileSync(name, 'utf8');
    if (name === kept) {
      writeFileSync(file, '{"newer":1}');
      release();
    }
    return text;
  };
  await open(folder, { readFile }).mend();
  expect(readFileSync(file, 'utf8')).toBe('{"newer":1}');
  expect(readdirSync(folder)).toEqual(['data.json']);
});

test('a copy that cannot be put back is told as that', async () => {
  const folder = folderWith();
  writeFileSync(join(folder, 'data.json'), '');
  writeFileSync(join(folder, 'data.json.bw-helper-kept'), '{"whole":1}');
  const rename = () => {
    throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
  };
  await expect(open(folder, { rename }).mend()).rejects.toThrow(
    `${folder}/data.json cannot be written: the file system is read-only.`,
  );
  expect(readdirSync(folder).toSorted()).toEqual(['data.json', 'data.json.bw-helper-kept']);
});

test('without a file, or with one that is broken already, bw does what it does', async () => {
  const [none, broken] = [folderWith(), folderWith()];
  writeFileSync(join(broken, 'data.json'), '{');
  for (const folder of [none, broken]) expect(await open(folder).guarded(async () => 1)).toBe(1);
  expect(readFileSync(join(broken, 'data.json'), 'utf8')).toBe('{');
});
