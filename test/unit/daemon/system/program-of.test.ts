import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { programOf } from '../../../../daemon/system/program-of.ts';
import { testOnLinux } from '../../../support/test-where.ts';

testOnLinux(
  'a process is told by what it runs, and by who started it; not by its command line',
  async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const found = programOf(child.pid);
    child.kill();
    await once(child, 'exit');
    expect(found).toEqual({
      program: expect.stringMatching(/\/(sleep|coreutils|busybox)$/),
      parent: process.execPath,
      parentPid: process.pid,
    });
  },
);

test('a name that looks like the fields behind it changes nothing', () => {
  const proc = mkdtempSync(join(tmpdir(), 'bwh-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, '7'));
  writeFileSync(join(proc, '7', 'stat'), '7 (x) S 1 1 (y) R 42 7 7 0 -1');
  symlinkSync('/usr/bin/x', join(proc, '7', 'exe'));
  expect(programOf(7, proc)).toEqual({ program: '/usr/bin/x', parentPid: 42 });
});

test.each([undefined, 0, 2 ** 30])('of pid %s nothing is told', (pid) => {
  expect(programOf(pid)).toEqual({});
});
