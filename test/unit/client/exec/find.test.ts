import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCommand } from '../../../../client/exec/find.ts';
import { testAsUser } from '../../../support/test-where.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-find-'));
  for (const [path, mode] of [
    ['one/tool', 0o644],
    ['two/tool', 0o755],
    ['two/bw', 0o755],
    ['two/plain.txt', 0o644],
  ] as const) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
    chmodSync(join(folder, path), mode);
  }
  mkdirSync(join(folder, 'one', 'bw'));
  symlinkSync('nowhere', join(folder, 'one', 'broken'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const find = (command: string, PATH: string | undefined = `${folder}/one:${folder}/two`) =>
  findCommand(command, { env: { PATH }, platform: 'linux' });

test('the first in PATH that can be run, past files and folders that cannot', () => {
  expect(find('tool')).toBe(`${folder}/two/tool`);
  expect(find('bw')).toBe(`${folder}/two/bw`);
});

test('a path is itself, and PATH is not looked at', () => {
  expect(find(`${folder}/two/tool`, '')).toBe(`${folder}/two/tool`);
});

test.each([
  ['', '""'],
  ['no-such', 'no-such'],
  ['broken', 'broken'],
])('%j is not found', (command, said) => {
  expect(() => find(command)).toThrow(`The command ${said} was not found.`);
});

test('a path through a file is not found', () => {
  expect(() => find(`${folder}/two/tool/x`)).toThrow('was not found');
});

test.each([
  ['two/plain.txt', 'permission denied'],
  ['one', 'it is no file'],
])('%s cannot be run', (path, problem) => {
  expect(() => find(`${folder}/${path}`)).toThrow(`cannot be run: ${problem}`);
});

test('what was found and cannot be run is named where nothing else is there', () => {
  expect(() => find('tool', `${folder}/one`)).toThrow(`${folder}/one/tool cannot be run`);
});

testAsUser('a folder in PATH that cannot be entered hides nothing behind it', () => {
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0 });
  expect(find('tool', `${closed}:${folder}/two`)).toBe(`${folder}/two/tool`);
  chmodSync(closed, 0o700);
});

test('without PATH it is looked for where the system would', () => {
  expect(findCommand('sh', { env: {}, platform: 'linux' })).toBe('/bin/sh');
});

test('on Windows only what has an extension of PATHEXT counts, in the order of PATHEXT', () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    // Beside each other, as npm puts them.
    for (const name of ['op', 'op.cmd', 'op.exe']) writeFileSync(name, '', { mode: 0o755 });
    const env = { Path: '.', PathExt: '.EXE;.CMD' };
    const found = (command: string) => findCommand(command, { env, platform: 'win32' });
    expect(found('op')).toBe('op.exe');
    expect(found('op.cmd')).toBe('op.cmd');
    expect(() => found('op.txt')).toThrow('was not found');
  } finally {
    process.chdir(before);
  }
});
