/** What users feel is how long Node takes to start us: a warm `helper get-session` loads no more than it uses. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PlayedDaemon, playDaemon } from '../../support/played-daemon.ts';

const MAIN = resolve('dist/client/main.js');
const NEEDED = ['net', 'os', 'stream', 'stream/promises', 'string_decoder', 'timers'];
const KEY = `${'k'.repeat(86)}==`;

let folder: string;
let runtime: string;
let daemon: PlayedDaemon;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-hot-'));
  runtime = join(folder, 'bw-helper');
  mkdirSync(runtime, { mode: 0o700 });
  daemon = await playDaemon(join(runtime, 'socket'), { 'session.get': { key: KEY } });
});

afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a warm get-session prints the key after one round trip', async () => {
  const { code, stdout, stderr } = await getSession();
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${KEY}\n`, stderr: '' });
  expect(daemon.connections).toBe(1);
});

test('a warm get-session loads one file and no package', async () => {
  const { notes } = await getSession();
  expect(notes.files).toEqual([MAIN]);
});

test.each([
  [['get-session', '--profile', 'work']],
  [['get-session', '--profile=work']],
  [['--profile', 'work', 'get-session']],
  [['--profile=work', 'get-session']],
])('%j loads no more than that', async (args) => {
  const { code, notes } = await getSession(args);
  expect(code).toBe(0);
  expect(notes.files).toEqual([MAIN]);
  expect(notes.builtin.filter((name) => !NEEDED.includes(name))).toEqual([]);
});

test('a warm get-session loads of Node what a socket needs, and nothing to start programs or read lines', async () => {
  const { notes } = await getSession();
  expect(notes.builtin.filter((name) => !NEEDED.includes(name))).toEqual([]);
});

test('a warm get-session looks at its folder and the one above, its socket and its terminal, and at no other file', async () => {
  const { notes } = await getSession();
  const looked = notes.touched.filter((path) => path !== MAIN);
  expect(new Set(looked)).toEqual(
    new Set([dirname(runtime), runtime, join(runtime, 'socket'), ...terminalOf()]),
  );
});

test('a warm get-session opens none of its standard streams', async () => {
  const { notes } = await getSession();
  expect(notes.streams).toEqual([]);
});

interface Notes {
  readonly builtin: string[];
  readonly files: string[];
  readonly touched: string[];
  readonly streams: string[];
}

/** The built client, in an environment of its own, with a note of what it did. */
async function getSession(call = ['get-session']) {
  const file = join(folder, 'notes.json');
  const args = ['--require', resolve('test/fixtures/notes-what-is-loaded.cjs'), MAIN];
  const child = spawn(process.execPath, [...args, ...call], {
    env: { HOME: folder, XDG_RUNTIME_DIR: folder, NOTES: file },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((ended) => child.once('close', ended));
  const notes: Notes = JSON.parse(readFileSync(file, 'utf8'));
  return { code, stdout, stderr, notes };
}

function terminalOf(): string[] {
  return [process.platform === 'linux' ? '/proc/self/stat' : '/dev/tty'];
}
