import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClaim } from '../../../../daemon/vault/claim.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('claims once, and makes the folder that bw would make', () => {
  let locks = 0;
  const claim = createClaim(join(folder, 'made'), { lockFile: () => ++locks > 0, owner: 'pid 1' });
  claim();
  claim();
  expect(locks).toBe(1);
});

test('names the one that has it, each time it is asked', () => {
  createClaim(folder, { lockFile: () => true, owner: 'pid 7, /run/user/7' })();
  const late = createClaim(folder, { lockFile: () => false, owner: 'pid 8' });
  for (let tries = 0; tries < 2; tries += 1)
    expect(late).toThrow(`Another bw-helper (pid 7, /run/user/7) serves ${folder}.`);
});

test('a folder that cannot be made is told in words', () => {
  writeFileSync(join(folder, 'file'), '');
  const claim = createClaim(join(folder, 'file', 'below'), { lockFile: () => true, owner: '' });
  expect(claim).toThrow('cannot be written: a folder on the way is a file.');
});
