import { lstatSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nobody, open, person, plain, secretOf, stored } from './samples.ts';

test('folder and file are private', async () => {
  const before = process.umask(0o022);
  onTestFinished(() => {
    process.umask(before);
  });
  const file = await stored();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  expect(readdirSync(dirname(file))).toEqual(['keychain.json']);
});

test('a file that is a link stays one', async () => {
  const file = await stored();
  const real = join(dirname(file), 'real.json');
  renameSync(file, real);
  symlinkSync(real, file);
  await open(file).set('default', secretOf('new'), person('right').ask);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(await plain(open(real).get('default', person('right').ask))).toEqual('new');
});

test.each([
  ['writeAll', 'ENOSPC', 'no space is left'],
  ['fsync', 'EDQUOT', 'the disk quota is used up'],
  ['rename', 'EACCES', 'permission denied'],
  ['writeAll', 'EROFS', 'the file system is read-only'],
] as const)(
  '%s failing with %s leaves the old content and nothing beside it',
  async (call, code, problem) => {
    const file = await stored();
    const before = readFileSync(file, 'utf8');
    const full = () => {
      throw Object.assign(new Error(code), { code });
    };
    const keychain = open(file, { calls: { [call]: full } });
    await expect(
      keychain.set('default', secretOf('new'), person('right').ask),
    ).rejects.toMatchObject({
      name: 'keychain-unwritable',
      message: `The keychain file ${file} cannot be written: ${problem}.`,
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(dirname(file))).toEqual(['keychain.json']);
    expect(await plain(keychain.get('default', nobody))).toEqual('s3cret-Ω');
  },
);

test('on Windows a rename is tried again while another program has the file open', async () => {
  const file = await stored();
  let refusals = 2;
  const rename = (from: string, to: string) => {
    if (refusals-- > 0) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    renameSync(from, to);
  };
  const { ask } = person('right');
  await open(file, { platform: 'win32', calls: { rename } }).set('default', secretOf('new'), ask);
  expect(await plain(open(file).get('default', ask))).toEqual('new');
});

test('the content is on the disk before it takes the old one’s place', async () => {
  const file = await stored();
  const order: string[] = [];
  const note = (what: string) => () => {
    order.push(what);
  };
  const calls = { writeAll: note('write'), fsync: note('fsync'), rename: note('rename') };
  await open(file, { calls }).set('default', secretOf(), person('right').ask);
  expect(order).toEqual(['write', 'fsync', 'rename']);
});

test('it does not grow beyond what it would read again', async () => {
  const file = await stored();
  const { ask } = person('right');
  const keychain = open(file);
  await expect(keychain.set('work', secretOf('x'.repeat(1024 * 1024)), ask)).rejects.toMatchObject({
    name: 'keychain-unwritable',
  });
  expect(await plain(keychain.get('default', ask))).toBeDefined();
});
