import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Audit, openAudit } from '../../../daemon/audit.ts';
import { parseAuditLine } from '../../../shared/audit.ts';
import { withoutDescriptors } from '../../support/descriptors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { testOnLinux, testOnPosix } from '../../support/test-where.ts';

const LINE = { what: 'session.get', outcome: 'granted' } as const;
const BYTES = 4 * 1024 * 1024;

let folder: string;
let file: string;
let logged: string[];
let audit: Audit;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-audit-'));
  file = join(folder, 'state', 'audit.jsonl');
  logged = [];
  const note = (event: string) => void logged.push(event);
  audit = openAudit(file, {
    clock: manualClock(),
    log: { info: note, warn: note, debug: note },
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = () => readFileSync(file, 'utf8');
const lines = () => text().split('\n').filter(Boolean).map(parseAuditLine);

test('a line is on the disk when the call returns, with its time, for its owner alone', () => {
  audit.record({ ...LINE, profile: 'default', caller: { pid: 7, label: 'pts/3' } });
  expect(lines()).toEqual([
    {
      ...LINE,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      profile: 'default',
      caller: { pid: 7, label: 'pts/3' },
    },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
});

testOnPosix('a file that others may read is closed to them', () => {
  audit.record(LINE);
  chmodSync(file, 0o644);
  audit.record(LINE);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('text from elsewhere cannot forge a line or move the cursor, nor fill the disk', () => {
  const label = `x\n{"what":"session.get"}\u001b[2J\u202e${'y'.repeat(5_000)}`;
  audit.record({
    ...LINE,
    caller: { label, program: '/tmp/\u001b[31mred' },
    params: { to: label },
  });
  expect(lines()).toHaveLength(1);
  expect(text()).not.toMatch(/\\u001b|\u202e|\\n/);
  expect(text().length).toBeLessThan(1_000);
});

test('a full file is set aside, and the one before it is dropped', () => {
  audit.record({ ...LINE, profile: 'first' });
  const { size } = statSync(file);
  truncateSync(file, BYTES - 1);
  writeFileSync(`${file}.1`, 'an older one');
  audit.record({ ...LINE, profile: 'last' });
  audit.record({ ...LINE, profile: 'next' });
  expect(lines().map((line) => line?.profile)).toEqual(['next']);
  const aside = readFileSync(`${file}.1`, 'utf8');
  expect(aside.slice(0, size)).toContain('"first"');
  expect(aside.trimEnd()).toMatch(/"last"}$/);
});

test('below its limit it is not set aside', () => {
  audit.record(LINE);
  truncateSync(file, BYTES - 1_000);
  audit.record(LINE);
  audit.record(LINE);
  expect(statSync(file).size).toBeGreaterThan(BYTES - 1_000);
  expect(() => statSync(`${file}.1`)).toThrow('ENOENT');
});

test('half a line, from a disk that was full, does not take the next one with it', () => {
  audit.record(LINE);
  appendFileSync(file, '{"at":"2026-01-0');
  audit.record({ ...LINE, profile: 'whole' });
  expect(lines()).toMatchObject([LINE, undefined, { profile: 'whole' }]);
});

test('a file that was moved away is begun anew', () => {
  audit.record(LINE);
  rmSync(join(folder, 'state'), { recursive: true });
  audit.record(LINE);
  expect(lines()).toHaveLength(1);
});

testOnLinux('a full disk throws nothing, is told while it lasts, and logged once', () => {
  mkdirSync(join(folder, 'state'));
  symlinkSync('/dev/full', file);
  audit.record(LINE);
  audit.record(LINE);
  expect(audit.problem()).toBe(
    `the audit ${file} cannot be written: no space is left. Free the disk or correct the permissions; 2 lines wait for that, until the daemon ends.`,
  );
  expect(logged).toEqual(['audit not written']);
});

testOnLinux(
  'lines that a full disk did not take are written in their order when it has room',
  () => {
    mkdirSync(join(folder, 'state'));
    symlinkSync('/dev/full', file);
    audit.record({ ...LINE, profile: 'first' });
    audit.record({ ...LINE, profile: 'second' });
    rmSync(file);
    expect(audit.problem()).toBeUndefined();
    audit.record({ ...LINE, profile: 'third' });
    expect(lines().map((line) => line?.profile)).toEqual(['first', 'second', 'third']);
  },
);

test('a full file that cannot be set aside has each line once', () => {
  audit.record(LINE);
  const { size } = statSync(file);
  truncateSync(file, BYTES - 1);
  mkdirSync(`${file}.1`);
  audit.record({ ...LINE, profile: 'last' });
  expect(audit.problem()).toContain('it is a folder');
  audit.record({ ...LINE, profile: 'next' });
  expect(
    text()
      .slice(size)
      .match(/"(last|next)"/g),
  ).toEqual(['"last"', '"next"']);
  rmdirSync(`${file}.1`);
  expect(audit.problem()).toBeUndefined();
  expect(existsSync(file)).toBe(false);
});

testOnLinux('without a descriptor that is told in words, until there is one', async () => {
  let problem: string | undefined;
  await withoutDescriptors(() => {
    audit.record(LINE);
    problem = audit.problem();
  });
  expect(problem).toContain(`the audit ${file} cannot be written: too many files are open`);
  expect(audit.problem()).toBeUndefined();
});

test('a folder that cannot be made is told in words', () => {
  writeFileSync(join(folder, 'state'), '');
  audit.record(LINE);
  expect(audit.problem()).toContain('a folder on the way is a file');
});
