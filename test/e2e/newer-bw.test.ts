/** A bw that is newer than we know lays out its file in another way: told as such, and left alone. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorld, type World } from '../support/world.ts';

const CONTENT = JSON.stringify({ stateVersion: 999, everything: 'elsewhere' });

let world: World;
let file: string;
beforeAll(() => {
  world = createWorld();
  mkdirSync(world.dataDir, { recursive: true });
  file = join(world.dataDir, 'data.json');
  writeFileSync(file, CONTENT);
});
afterAll(() => world.close());

test.each([[['get-session', '--password-stdin']], [['login']], [['sync']], [['logout']]])(
  'helper %j says what it does not know, and asks nobody',
  async (args) => {
    const { code, stdout, stderr } = await world.helper(args, { input: 'a password\n' });
    expect({ code, stdout }).toEqual({ code: 28, stdout: '' });
    expect(stderr).toContain(`${file} has a layout that is not known here: stateVersion 999.`);
  },
);

test('helper status tells it as a problem', async () => {
  const { code, stdout } = await world.helper(['status']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^problem {3}.* stateVersion 999\./m);
});

test('nothing was written to it', () => {
  expect(readFileSync(file, 'utf8')).toBe(CONTENT);
});
