/** What users feel is how long Node takes to start us: a warm `helper get-session` loads no more than it uses. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeFrame, FrameReader } from '../../../shared/framing.ts';
import { PROTOCOL_VERSION } from '../../../shared/version.ts';

const MAIN = resolve('dist/client/main.js');
const KEY = `${'k'.repeat(86)}==`;

let folder: string;
let runtime: string;
let daemon: { server: Server; connections: number };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-hot-'));
  runtime = join(folder, 'bw-helper');
  mkdirSync(runtime, { mode: 0o700 });
  daemon = await playDaemon(join(runtime, 'socket'));
});

afterEach(() => {
  daemon.server.close();
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

test('a warm get-session loads of Node what a socket needs, and nothing to start programs or read lines', async () => {
  const { notes } = await getSession();
  const needed = ['net', 'os', 'stream', 'stream/promises', 'string_decoder', 'timers'];
  expect(notes.builtin.filter((name) => !needed.includes(name))).toEqual([]);
});

test('a warm get-session looks at its folder, its socket and its terminal, and at no other file', async () => {
  const { notes } = await getSession();
  const looked = notes.touched.filter((path) => path !== MAIN);
  expect(new Set(looked)).toEqual(new Set([runtime, join(runtime, 'socket'), ...terminalOf()]));
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
async function getSession() {
  const file = join(folder, 'notes.json');
  const args = ['--require', resolve('test/fixtures/notes-what-is-loaded.cjs'), MAIN];
  const child = spawn(process.execPath, [...args, 'get-session'], {
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

/** Says nothing before it has the request: a client that waits for the answer to hello gets none. */
async function playDaemon(socket: string) {
  const played = { server: createServer(), connections: 0 };
  played.server.on('connection', (peer) => {
    played.connections += 1;
    const reader = new FrameReader();
    const results: Record<string, unknown> = {};
    peer.on('data', (chunk) => {
      for (const { method, id } of reader.push(chunk)) {
        results[String(id)] =
          method === 'hello' ? { version: PROTOCOL_VERSION, pid: 1 } : { key: KEY };
        if (method !== 'session.get') continue;
        for (const [id, result] of Object.entries(results))
          peer.write(encodeFrame({ jsonrpc: '2.0', id: Number(id), result }));
      }
    });
  });
  await new Promise<void>((ready) => played.server.listen(socket, ready));
  return played;
}

function terminalOf(): string[] {
  return [process.platform === 'linux' ? '/proc/self/stat' : '/dev/tty'];
}
