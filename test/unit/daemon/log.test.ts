import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../../daemon/log.ts';
import { withoutDescriptors } from '../../support/descriptors.ts';
import { testOnLinux } from '../../support/test-where.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-'));
  file = join(folder, 'state', 'daemon.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

function lines(): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a line is on the disk when the call returns, and nobody else may read it', () => {
  const log = openLog(file, false);
  log.info('session opened', { idleMs: 5 });
  expect(lines()).toMatchObject([{ level: 'info', msg: 'session opened', idleMs: 5 }]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
});

test('text from elsewhere cannot forge a line or move the cursor', () => {
  openLog(file, false).warn('fault', { kind: 'x\n{"msg":"ready"}\x1b[2J' });
  expect(lines()).toHaveLength(1);
  expect(readFileSync(file, 'utf8')).not.toContain('\\u001b');
});

test('the wire is traced only where that was asked for', () => {
  openLog(file, false).debug('wire');
  expect(readFileSync(file, 'utf8')).toBe('');
  openLog(file, true).debug('wire');
  expect(lines()).toMatchObject([{ level: 'debug', msg: 'wire' }]);
});

test('a long log is set aside at the next start', () => {
  openLog(file, false).info('ready');
  truncateSync(file, 1024 * 1024 + 1);
  openLog(file, false).info('ready');
  expect(lines()).toHaveLength(1);
  expect(statSync(`${file}.1`).size).toBe(1024 * 1024 + 1);
});

test('a daemon that runs for long keeps two logs of a bounded size, and no line is lost between them', () => {
  const log = openLog(file, false);
  const long = 'x'.repeat(900);
  for (let n = 0; n < 6_000; n += 1) log.warn('connection refused', { n, long });
  const numbers = [`${file}.1`, file].flatMap((one) =>
    readFileSync(one, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).n),
  );
  expect(numbers).toEqual(
    Array.from({ length: numbers.length }, (_, n) => 6_000 - numbers.length + n),
  );
  for (const one of [`${file}.1`, file]) expect(statSync(one).size).toBeLessThan(2 * 1024 * 1024);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

testOnLinux(
  'without a descriptor for a new file the old one goes on, until there is one',
  async () => {
    const log = openLog(file, false);
    const before = statSync(file).ino;
    truncateSync(file, 1024 * 1024 + 1);
    const look = (n: number) => {
      for (let more = 0; more < 256; more += 1) log.info('ready', { n });
    };
    await withoutDescriptors(() => look(1));
    expect(statSync(file).ino).toBe(before);
    look(2);
    expect(statSync(`${file}.1`).ino).toBe(before);
    log.info('ready', { n: 3 });
    expect(lines()).toMatchObject([{ n: 3 }]);
  },
);

test('a place that cannot be written is an error in words', () => {
  writeFileSync(join(folder, 'state'), '');
  expect(() => openLog(file, false)).toThrow(/its log .*daemon\.log cannot be opened \(/);
});

testOnLinux('without a descriptor at the start that is named, and not the log', async () => {
  const opened = withoutDescriptors(() => openLog(file, false));
  await expect(opened).rejects.toMatchObject({ name: 'too-many-files' });
});

testOnLinux('what a full disk does not take is told', () => {
  mkdirSync(join(folder, 'state'));
  symlinkSync('/dev/full', file);
  const log = openLog(file, false);
  log.info('session opened');
  log.info('session ended');
  expect(log.problem()).toBe(
    `the log ${file} cannot be written: no space is left. Free the disk or correct the permissions; its lines wait for that.`,
  );
});

testOnLinux('what waits for a disk is bounded', () => {
  mkdirSync(join(folder, 'state'));
  symlinkSync('/dev/full', file);
  const log = openLog(file, false);
  const before = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const long = 'x'.repeat(900);
  for (let n = 0; n < 40_000; n += 1) log.warn('connection refused', { n, long });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  expect(heapUsed + arrayBuffers - before).toBeLessThan(24 * 1024 * 1024);
});

testOnLinux('a terminal or a pipe that takes nothing stops nobody', () => {
  const full = openSync('/dev/full', 'a');
  const log = openLog(full, false);
  for (let n = 0; n < 100; n += 1) log.info('session ended', { why: 'idle' });
  log.warn('crash', { kind: 'Error' });
  closeSync(full);
});
