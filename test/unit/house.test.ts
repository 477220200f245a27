import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const bin = (...path: string[]) => join(root, 'node_modules', ...path);

function biome(args: string[], cwd = root) {
  return spawnSync(process.execPath, [bin('@biomejs', 'biome', 'bin', 'biome'), ...args], {
    cwd,
    encoding: 'utf8',
  });
}

test('types hold', () => {
  const tsc = spawnSync(process.execPath, [bin('typescript', 'bin', 'tsc'), '--noEmit'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});

test('the linter, the formatter and the layering have nothing to say', () => {
  const { status, stdout, stderr } = biome(['check', '--error-on-warnings']);
  expect(stderr + stdout).not.toMatch(/Found \d+ (error|warning)/);
  expect(status).toBe(0);
});

let elsewhere: string;
beforeAll(() => {
  // Our rules in a place where a file may break them.
  elsewhere = mkdtempSync(join(tmpdir(), 'bwh-house-'));
  const { vcs: _, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(elsewhere, 'biome.json'), JSON.stringify(rules));
});
afterAll(() => rmSync(elsewhere, { recursive: true }));

// The check of the check: each of these imports would tie together what must stay apart.
test.each([
  ['client', '../daemon/system/clock.ts'],
  ['client', 'koffi'],
  ['daemon', '../client/output.ts'],
  ['shared', '../daemon/system/clock.ts'],
  ['shared', 'node:fs'],
])('%s/ may not import %s', (room, imported) => {
  mkdirSync(join(elsewhere, room), { recursive: true });
  writeFileSync(
    join(elsewhere, room, 'trespasser.ts'),
    `import * as other from '${imported}';\nexport { other };\n`,
  );
  const { status, stdout, stderr } = biome(['lint', join(room, 'trespasser.ts')], elsewhere);
  expect(stderr + stdout).toContain('noRestrictedImports');
  expect(status).toBe(1);
});
