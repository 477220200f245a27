import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHolds, systemStartOf } from '../../../daemon/holds.ts';
import { withoutDescriptors } from '../../support/descriptors.ts';
import { testOnLinux } from '../../support/test-where.ts';

function setUp() {
  const alive = new Map<number, string>();
  return { alive, holds: createHolds((pid) => alive.get(pid)) };
}

test('nobody holds at first, nor does a process that is gone already', () => {
  const { holds } = setUp();
  expect(holds.any()).toBe(false);
  holds.add(7);
  expect(holds.any()).toBe(false);
});

test('the last of many who ends is the one that counts', () => {
  const { alive, holds } = setUp();
  for (const pid of [7, 8]) {
    alive.set(pid, 'noon');
    holds.add(pid);
  }
  alive.delete(7);
  expect(holds.any()).toBe(true);
  alive.delete(8);
  expect(holds.any()).toBe(false);
});

test('another process with the same number holds nothing, and neither does one that comes back', () => {
  const { alive, holds } = setUp();
  alive.set(7, 'noon');
  holds.add(7);
  alive.set(7, 'one');
  expect(holds.any()).toBe(false);
  alive.set(7, 'noon');
  expect(holds.any()).toBe(false);
});

testOnLinux(
  'who cannot be looked at for want of descriptors holds on, and is not taken on',
  async () => {
    const startOf = systemStartOf('linux');
    const holds = createHolds(startOf);
    holds.add(process.pid);
    await withoutDescriptors(() => {
      expect(() => holds.add(process.ppid)).toThrow('Too many files');
      expect(holds.any()).toBe(true);
    });
    expect(holds.any()).toBe(true);
  },
);

testOnLinux(
  'a process lives until it ends, whatever it is called, and keeps its start',
  async () => {
    const startOf = systemStartOf('linux');
    // Renamed to what would break a careless look at /proc.
    const child = spawn('bash', ['-c', 'printf ") Z 1" > /proc/$$/comm; echo; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    const start = startOf(pid);
    expect(start).toMatch(/^\d+$/);
    expect(startOf(pid)).toBe(start);
    child.stdin.end('\n');
    await once(child, 'exit');
    expect(startOf(pid)).toBeUndefined();
  },
);

testOnLinux('a process that has ended and was not waited for holds nothing', async () => {
  // A shell becomes a program that never waits for the child it has from it.
  const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [text] = await once(parent.stdout, 'data');
  const pid = Number(text);
  await until(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
  expect(systemStartOf('linux')(pid)).toBeUndefined();
  parent.stdin.end();
  await once(parent, 'exit');
});

test('where the kernel tells no pid nothing is held', () => {
  for (const platform of ['darwin', 'win32'] as const)
    expect(systemStartOf(platform)(process.pid)).toBeUndefined();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
