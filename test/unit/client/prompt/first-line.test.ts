import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { firstLineOf } from '../../../../client/prompt/first-line.ts';
import { readSecretLine } from '../../../../client/prompt/stdin.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-line-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function opened(text: string): number {
  const file = join(folder, 'stdin');
  writeFileSync(file, text);
  return openSync(file, 'r');
}

test('it is read to its end and not a byte further, and taken as a password', async () => {
  const fd = opened('hünter2\nrest\n');
  const stream = firstLineOf(fd);
  expect((await readSecretLine(stream)).reveal()).toBe('hünter2');
  await finished(stream.resume());
  expect(readFileSync(fd, 'utf8')).toBe('rest\n');
  closeSync(fd);
});

test('it is left behind also where nobody asked for it', async () => {
  const fd = opened('hunter2\nrest\n');
  await finished(firstLineOf(fd).resume());
  expect(readFileSync(fd, 'utf8')).toBe('rest\n');
  closeSync(fd);
});

test.each([
  ['hunter2', 'hunter2'],
  ['\n', undefined],
  ['', undefined],
])('%j is a line as elsewhere', async (text, line) => {
  const fd = opened(text);
  const got = await readSecretLine(firstLineOf(fd)).then(
    (secret) => secret.reveal(),
    () => undefined,
  );
  expect(got).toBe(line);
  closeSync(fd);
});

test('what cannot be read is told', async () => {
  const fd = openSync(folder, 'r');
  await expect(readSecretLine(firstLineOf(fd))).rejects.toThrow('cannot be read (EISDIR)');
  closeSync(fd);
});
