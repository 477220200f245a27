import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { openKeychainFile } from '../../../../daemon/keychain/file.ts';
import { nobody, open, person, place, plain, secretOf, stored, uid } from './samples.ts';

test('gives back what was stored, in another life of the daemon too', async () => {
  const file = place();
  const keychain = open(file);
  await keychain.set('default', secretOf(), person('right').ask);
  expect(await plain(keychain.get('default', nobody))).toEqual('s3cret-Ω');
  expect(await plain(open(file).get('default', person('right').ask))).toEqual('s3cret-Ω');
});

test('storing replaces one entry and keeps the others', async () => {
  const keychain = open(await stored());
  const { ask } = person('right');
  await keychain.set('work', secretOf('w'), ask);
  await keychain.set('default', secretOf('d'), ask);
  expect(await plain(keychain.get('default', ask))).toEqual('d');
  expect(await plain(keychain.get('work', ask))).toEqual('w');
});

test('neither secret nor client_id is readable, and no two writes look alike', async () => {
  const file = await stored();
  const first = readFileSync(file, 'utf8');
  const bytes = first + Buffer.from(JSON.parse(first).entries[0].sealed, 'base64').toString();
  for (const word of ['s3cret', 'user.ada', 'right']) expect(bytes).not.toContain(word);
  await open(file).set('default', secretOf(), person('right').ask);
  expect(JSON.parse(readFileSync(file, 'utf8')).entries[0].sealed).not.toBe(
    JSON.parse(first).entries[0].sealed,
  );
});

test('a new file costs 128 MiB a guess', async () => {
  const file = place();
  await openKeychainFile({ file, uid, platform: process.platform }).set(
    'default',
    secretOf(),
    person('right').ask,
  );
  expect(JSON.parse(readFileSync(file, 'utf8')).kdf).toMatchObject({ N: 131_072, r: 8, p: 1 });
});

test('status tells what is stored and whether a get would ask, and asks nobody', async () => {
  const file = place();
  const keychain = open(file);
  const status = (account = 'default') => keychain.status(account);
  expect(await status()).toEqual({ stored: false, locked: false, where: file });
  await keychain.set('default', secretOf(), person('right').ask);
  expect(await status()).toEqual({ stored: true, locked: false, where: file });
  expect(await status('work')).toEqual({ stored: false, locked: false, where: file });
  keychain.forget();
  expect(await status()).toEqual({ stored: true, locked: true, where: file });
});

test('deleting needs no passphrase, and takes one entry; the last one takes the file', async () => {
  const file = await stored();
  await open(file).set('work', secretOf('w'), person('right').ask);
  const keychain = open(file);
  expect(await keychain.delete('default', nobody)).toBe(true);
  expect(await keychain.delete('default', nobody)).toBe(false);
  expect(await plain(keychain.get('work', person('right').ask))).toEqual('w');
  expect(await keychain.delete('work', nobody)).toBe(true);
  expect(readdirSync(dirname(file))).toEqual([]);
  expect(await keychain.delete('work', nobody)).toBe(false);
});

test('what another daemon stored is seen, without asking where the passphrase is the same', async () => {
  const file = await stored();
  const keychain = open(file);
  await keychain.get('default', person('right').ask);
  const other = open(file);
  await other.set('default', secretOf('theirs'), person('right').ask);
  await other.set('work', secretOf('w'), nobody);
  expect(await plain(keychain.get('default', nobody))).toEqual('theirs');
  await keychain.set('default', secretOf('ours'), nobody);
  expect(await plain(other.get('work', nobody))).toEqual('w');
});
