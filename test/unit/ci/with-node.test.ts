import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-with-node-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('dependencies that another checkout shares by a link are never installed over', () => {
  const [mine, shared] = [join(folder, 'mine'), join(folder, 'shared')];
  mkdirSync(join(mine, '.ci', 'node'), { recursive: true });
  mkdirSync(shared);
  writeFileSync(join(shared, 'theirs'), '');
  const lock = JSON.stringify({ name: 'x', version: '1.0.0', lockfileVersion: 3, packages: {} });
  for (const place of [mine, join(mine, '.ci', 'node')]) {
    writeFileSync(join(place, 'package.json'), '{ "name": "x", "version": "1.0.0" }');
    writeFileSync(join(place, 'package-lock.json'), lock);
    symlinkSync(shared, join(place, 'node_modules'));
  }
  cpSync(resolve('.ci/with-node.mjs'), join(mine, '.ci', 'with-node.mjs'));
  const args = [join(mine, '.ci', 'with-node.mjs'), '--build'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/node_modules is a link, .*\n.*Replace the link/);
  expect(readdirSync(shared)).toEqual(['theirs']);
});
