/** `helper daemon logs` on files as they may be found; it needs no daemon. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let file: string;
beforeEach(() => {
  world = createWorld();
  const state = world.stateDir;
  mkdirSync(state, { recursive: true });
  file = join(state, 'daemon.log');
});
afterEach(() => world.close());

const logs = (lines: number) => world.helper(['daemon', 'logs', '-n', String(lines)]);

test('the log that was set aside comes first, as far as it is wanted', async () => {
  writeFileSync(`${file}.1`, 'a\nb\n');
  writeFileSync(file, 'c\nd\n');
  expect((await logs(2)).stdout).toBe('c\nd\n');
  expect((await logs(3)).stdout).toBe('b\nc\nd\n');
  expect((await logs(9)).stdout).toBe('a\nb\nc\nd\n');
});

test('none at all is told from one that cannot be read', async () => {
  const none = await logs(1);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no log yet') });
  expect(none.stderr).toContain('`helper status` says so');
  mkdirSync(file);
  const broken = await logs(1);
  expect(broken).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('daemon.log cannot be read (EISDIR)'),
  });
});
