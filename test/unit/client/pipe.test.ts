/** The way over the pipe of Windows, with a Unix socket in its place. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { reachPipe } from '../../../client/pipe.ts';
import { createDoor } from '../../../daemon/pipe-door.ts';
import { SILENCE_MS } from '../../../shared/limits.ts';
import { parsePipeFile, pipeFileText, proofOf } from '../../../shared/pipe-proof.ts';

const key = Buffer.alloc(32, 1);
let folder: string;
let address: string;
let file: string;
const servers: Server[] = [];
const sockets: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-'));
  address = join(folder, 'pipe');
  file = join(folder, 'socket');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  rmSync(folder, { recursive: true });
});

async function listening(serve: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(address, done));
}

function reach() {
  return reachPipe(
    { socket: file, lock: join(folder, 'lock') },
    (to) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(to);
        socket.once('connect', () => resolve(socket)).once('error', reject);
      }),
  );
}

test('both prove themselves, and then what is said arrives as it was said', async () => {
  const door = createDoor(randomBytes);
  const written = parsePipeFile(door.fileText);
  expect(written?.pipe).toBe(door.pipe);
  writeFileSync(file, pipeFileText({ pipe: address, key: written?.key ?? key }));
  const heard = Promise.withResolvers<string>();
  await listening(async (socket) => {
    if (!(await door.admits(socket))) return heard.reject(new Error('not admitted'));
    socket.once('data', (chunk) => {
      heard.resolve(String(chunk));
      socket.write('answer');
    });
  });
  const socket = (await reach()) as Socket;
  socket.write('request');
  expect(await heard.promise).toBe('request');
  const answer = new Promise((got) => socket.once('data', (chunk) => got(String(chunk))));
  expect(await answer).toBe('answer');
  socket.destroy();
});

const number = Buffer.alloc(32, 2);
const withProof = (side: 'client' | 'daemon', by: Buffer) => (client: Buffer) =>
  Buffer.concat([number, proofOf(side, by, { client, daemon: number })]);

test.each<[string, (client: Buffer) => Buffer]>([
  ['proves another key', withProof('daemon', Buffer.alloc(32, 9))],
  ['gives the proof of a client', withProof('client', key)],
  ['gives a proof over a number of its own', () => withProof('daemon', key)(number)],
  ['sends back what it gets', (client) => Buffer.concat([client, client])],
  ['talks at random', () => randomBytes(500)],
])('a daemon that %s is told nothing but a number', async (_, reply) => {
  writeFileSync(file, pipeFileText({ pipe: address, key }));
  const told: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  await listening((socket) => {
    socket.on('close', () => closed.resolve());
    socket.on('data', (chunk) => {
      told.push(chunk);
      socket.write(reply(chunk));
    });
  });
  await expect(reach()).rejects.toMatchObject({ name: 'pipe-not-ours', row: { exit: 80 } });
  await closed.promise;
  expect(Buffer.concat(told)).toHaveLength(32);
});

test('a daemon that hangs up is gone', async () => {
  writeFileSync(file, pipeFileText({ pipe: address, key }));
  await listening((socket) => socket.once('data', () => socket.end('half of a number')));
  await expect(reach()).rejects.toMatchObject({ name: 'daemon-gone' });
});

test('a daemon that proves nothing for 30 s is silent', async () => {
  writeFileSync(file, pipeFileText({ pipe: address, key }));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    writeFileSync(join(folder, 'lock'), '4711\n');
    await listening((socket) => {
      socket.on('close', () => {}).once('data', () => vi.advanceTimersByTime(SILENCE_MS));
    });
    await expect(reach()).rejects.toMatchObject({
      name: 'daemon-silent',
      row: { next: expect.stringContaining('(pid 4711)') },
    });
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['is not there', () => {}],
  ['is empty', () => writeFileSync(file, '')],
  ['was cut off by a power failure', () => writeFileSync(file, '{"pipe":"x","ke')],
])('there is no daemon where its file %s', async (_, make) => {
  make();
  expect(await reach()).toBe('absent');
});

test('a file that cannot be read is told', async () => {
  mkdirSync(file);
  await expect(reach()).rejects.toMatchObject({ name: 'runtime-folder-unsafe' });
});
