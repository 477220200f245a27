import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { firstLineOf } from '../../../../client/prompt/first-line.ts';
import { readSecretLine } from '../../../../client/prompt/stdin.ts';
import { testOnLinux } from '../../../support/test-where.ts';

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

testOnLinux('a pipe that says nothing more does not hold up the end of the process', () => {
  const module = new URL('../../../../client/prompt/first-line.ts', import.meta.url);
  // By the time of the exit the read for the second byte is under way.
  const reads = `
    const { firstLineOf } = await import('${module}');
    firstLineOf(0).once('data', () => setTimeout(() => process.exit(7), 50));`;
  // Open for writing too, so that it never ends.
  const script = 'mkfifo pipe && exec 0<>pipe && printf h >&0 && exec "$@"';
  const node = [process.execPath, '--input-type=module', '-e', reads];
  const ended = spawnSync('sh', ['-c', script, 'sh', ...node], { cwd: folder, timeout: 10_000 });
  expect([ended.status, ended.signal]).toEqual([7, null]);
});
