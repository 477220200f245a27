import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { KeychainDocument } from '../../../../daemon/keychain/document.ts';
import { testAsRoot } from '../../../support/test-where.ts';
import { open, person, place, secretOf, stored } from './samples.ts';

/** What an attacker or a broken disk does to the file. */
function edit(file: string, change: (json: KeychainDocument) => unknown): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
}

/** Every use fails with this problem, and the file stays as it is. */
async function expectDamaged(file: string, problem: string): Promise<void> {
  const before = statSync(file).isFile() ? readFileSync(file) : undefined;
  const keychain = open(file);
  const { ask } = person('right');
  for (const use of [
    () => keychain.get('default', ask),
    () => keychain.set('default', secretOf('new'), ask),
    () => keychain.status('default'),
    () => keychain.delete('default', ask),
  ])
    await expect(use()).rejects.toMatchObject({
      name: 'keychain-damaged',
      message: `The keychain file ${file} cannot be read: ${problem}.`,
    });
  if (before) expect(readFileSync(file).equals(before)).toBe(true);
}

test.each([
  ['an empty file', '', 'it is empty'],
  ['half a file', '{"format": "bw-helper key', 'it is not whole JSON'],
  ['another program’s file', '{"a": 1}', 'it is no keychain file of bw-helper'],
  ['JSON that is no object', 'null', 'it is no keychain file of bw-helper'],
  [
    'a later version',
    '{"format": "bw-helper keychain", "version": 2}',
    'its version is 2, and only 1 is known here',
  ],
  ['more than 1 MiB', ' '.repeat(1024 * 1024 + 1), 'it is larger than 1 MiB'],
])('%s is told as damaged and never overwritten', async (_, text, problem) => {
  const file = place();
  mkdirSync(dirname(file));
  writeFileSync(file, text, { mode: 0o600 });
  await expectDamaged(file, problem);
});

test.each([
  ['N', 2 ** 22],
  ['N', 20_000],
  ['r', 1_000_000],
  ['p', 1_000_000],
  ['name', 'md5'],
  ['salt', 'AAAA'],
  ['rounds', 1],
])('a header with %s %s is told as damaged, before anything is computed', async (key, value) => {
  const file = await stored();
  edit(file, (json) => ({ ...json, kdf: { ...json.kdf, [key]: value } }));
  await expectDamaged(file, `\`kdf.${key}\` in it is not as bw-helper writes it`);
});

test.each([
  ['hint', { hint: 'x' }],
  ['entries', { entries: undefined }],
  ['entries.0.sealed', { entries: [{ account: 'default', sealed: '?' }] }],
  ['entries.0.note', { entries: [{ account: 'default', sealed: 'AAAA', note: 1 }] }],
])('a file with an odd %s is told as damaged', async (where, change) => {
  const file = await stored();
  edit(file, (json) => ({ ...json, ...change }));
  await expectDamaged(file, `\`${where}\` in it is not as bw-helper writes it`);
});

test.each<[string, (sealed: string, other: string) => string]>([
  ['a changed bit in front', (sealed) => sealed.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))],
  ['another entry in its place', (_, other) => other],
  ['its end cut off', (sealed) => sealed.slice(0, -4)],
  ['nothing left of it', () => 'AAAA'],
])('an entry with %s is told as damaged', async (_, change) => {
  const file = await stored();
  await open(file).set('work', secretOf('w'), person('right').ask);
  edit(file, ({ entries: [mine, other], ...json }) => {
    const sealed = change(mine?.sealed ?? '', other?.sealed ?? '');
    return { ...json, entries: [{ account: 'default', sealed }, other] };
  });
  await expect(open(file).get('default', person('right').ask)).rejects.toMatchObject({
    name: 'keychain-damaged',
    message: `The keychain file ${file} cannot be read: its entry for default was changed.`,
  });
});

test('a header with other parameters opens nothing', async () => {
  const file = await stored();
  edit(file, (json) => ({ ...json, kdf: { ...json.kdf, N: 2 ** 15 } }));
  await expect(open(file).get('default', person('right').ask)).rejects.toMatchObject({
    name: 'wrong-passphrase',
  });
});

test('a header that gives the same key and is not the one written opens nothing', async () => {
  const file = await stored();
  // The last letter of 16 bytes in base64 holds four bits that are not looked at.
  const sameBytes = (salt: string) =>
    salt.replace(/.(?===$)/, (c) => String.fromCharCode(c.charCodeAt(0) + 1));
  edit(file, (json) => ({ ...json, kdf: { ...json.kdf, salt: sameBytes(json.kdf.salt) } }));
  await expect(open(file).get('default', person('right').ask)).rejects.toMatchObject({
    name: 'wrong-passphrase',
  });
});

test.each([0o604, 0o640, 0o660, 0o644])('a file with mode %o is refused', async (mode) => {
  const file = await stored();
  chmodSync(file, mode);
  await expectDamaged(file, `its mode is 0${mode.toString(8)}, it must be 0600`);
});

testAsRoot('a file of another user is refused', async () => {
  const file = await stored();
  chownSync(file, 4321, 4321);
  await expectDamaged(file, 'it belongs to user 4321, and you are root: run helper without sudo');
});

test('a folder in its place is refused', async () => {
  const file = place();
  mkdirSync(file, { recursive: true });
  await expectDamaged(file, 'it is not a file');
});

test('a path through a file is told, not created', async () => {
  const file = await stored();
  const below = join(file, 'keychain.json');
  await expect(open(below).set('default', secretOf(), person('x').ask)).rejects.toMatchObject({
    name: 'keychain-damaged',
    message: `The keychain file ${below} cannot be read: a folder on the way is a file.`,
  });
});
