import type { spawn as nodeSpawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { whereRoom } from '../../../../daemon/system/room-for-child.ts';
import { limitDescriptors, withoutDescriptors } from '../../../support/descriptors.ts';
import { testOnLinux } from '../../../support/test-where.ts';

const open = () => readdirSync('/proc/self/fd').map(Number);

/** With a spawn that only notes its calls. */
function setUp() {
  const spawned: unknown[][] = [];
  const spawn = whereRoom(
    ((...args: unknown[]) => void spawned.push(args)) as unknown as typeof nodeSpawn,
    process.platform,
  );
  return { spawned, spawn };
}

testOnLinux('where there is room it is spawn itself, and nothing stays open', () => {
  const { spawned, spawn } = setUp();
  const before = open().length;
  spawn('bw', ['lock'], { cwd: '/' });
  expect(spawned).toEqual([['bw', ['lock'], { cwd: '/' }]]);
  expect(open()).toHaveLength(before);
});

testOnLinux(
  'where there is none, or too little, nothing is begun and nothing stays open',
  async () => {
    const { spawned, spawn } = setUp();
    const before = open();
    const refused = () => expect(() => spawn('bw')).toThrow('Too many files are open');
    await withoutDescriptors(refused);
    const most = limitDescriptors(process.pid, limitFor(5, before));
    try {
      refused();
    } finally {
      limitDescriptors(process.pid, most);
    }
    expect(spawned).toEqual([]);
    expect(open()).toHaveLength(before.length);
  },
);

/** The limit below which so many are left. */
function limitFor(left: number, taken: readonly number[]): number {
  for (let most = left; ; most += 1)
    if (most - taken.filter((fd) => fd < most).length === left) return most;
}
