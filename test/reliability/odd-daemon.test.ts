import { mkdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errors } from '../../shared/errors.ts';
import { playDaemon } from '../support/played-daemon.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

/** Has the form of a session key. */
const KEY = `${'k'.repeat(86)}==`;

let world: World;
let server: Server | undefined;
beforeEach(() => {
  world = createWorld();
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  await world.close();
});

/** `helper get-session` with something else on the daemon's socket, which does this on the request. */
async function getSession(
  onRequest: (socket: Socket, id: unknown) => void,
  run = () => world.helper(['get-session']),
): Promise<Ran> {
  const folder = join(world.runtimeDir, 'bw-helper');
  mkdirSync(folder, { mode: 0o700 });
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.setEncoding('utf8').once('data', (text) => {
      const [, request] = String(text).trim().split('\n');
      onRequest(socket, JSON.parse(request ?? '{}').id);
    });
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(join(folder, 'socket'), resolve));
  return await run();
}

const frame = (message: object) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;

test('unknown notifications and fields of a newer daemon are passed over', async () => {
  const got = await getSession((socket, id) => {
    socket.write(frame({ method: 'news.of.tomorrow', params: { mood: 'fine' } }));
    socket.write(frame({ id, result: { key: KEY, colour: 'green' } }));
  });
  expect(got).toMatchObject({ code: 0, stdout: `${KEY}\n`, stderr: '' });
});

test('so are fields of a result that is checked against its schema', async () => {
  const folder = join(world.runtimeDir, 'bw-helper');
  mkdirSync(folder, { mode: 0o700 });
  const info = { pid: 4711, uptimeMs: 1_000, live: true, mood: { today: 'fine' } };
  const daemon = await playDaemon(join(folder, 'socket'), { 'daemon.info': info });
  const got = await world.helper(['daemon', 'status']);
  await daemon.close();
  expect(got).toMatchObject({ code: 0, stderr: '' });
  expect(got.stdout).toMatch(/^running: pid 4711, .*a session is open\n/);
});

test('a failure that only a newer daemon knows is printed as it says', async () => {
  const got = await getSession((socket, id) => {
    const data = { name: 'vault-on-fire', exit: 77, next: 'Call 112.' };
    socket.write(frame({ id, error: { code: -32_077, message: 'The vault burns.', data } }));
  });
  expect(got).toMatchObject({
    code: 77,
    stdout: '',
    stderr: 'helper: The vault burns.\n        Call 112.\n',
  });
});

test('what is no session key is never printed', async () => {
  const got = await getSession((socket, id) => {
    socket.write(frame({ id, result: { key: 'canary' } }));
  });
  expect(got).toMatchObject({ code: 45, stdout: '' });
  expect(got.stderr).not.toContain('canary');
});

test.each([
  ['what is no frame', 'HTTP/1.1 400 canary\r\n\r\n'],
  ['a frame without end', 'canary'.repeat(20_000)],
])('%s ends in words, not in a stack', async (_, bytes) => {
  const got = await getSession((socket) => void socket.write(bytes));
  expect(got).toMatchObject({ code: 45, stdout: '' });
  expect(got.stderr).toMatch(/^helper: The other side .*\n {8}.*\n$/);
  expect(got.stderr).not.toContain('canary');
});

test('one that hangs up after a word has gone away, and is not asked again', async () => {
  let asked = 0;
  const got = await getSession((socket) => {
    asked += 1;
    socket.end(frame({ id: 1, result: { version: 1, pid: 4711 } }));
  });
  expect(got).toMatchObject({ code: 40, stdout: '' });
  expect(asked).toBe(1);
});

test('one that hangs up without a word is asked until it answers', async () => {
  let asked = 0;
  const got = await getSession((socket, id) => {
    asked += 1;
    socket.end(asked < 8 ? '' : frame({ id, result: { key: KEY } }));
  });
  expect(got).toMatchObject({ code: 0, stdout: `${KEY}\n`, stderr: '' });
  expect(asked).toBe(8);
});

test('one that hangs up without a word again and again is full, not gone', async () => {
  const got = await getSession((socket) => void socket.end());
  expect(got).toMatchObject({ code: 83, stdout: '' });
  expect(got.stderr).toMatch(/^helper: The daemon takes no more connections now\.\n {8}.*\n$/);
});

test.each([[['get-session', '--password-stdin']], [['exec', '--password-stdin', '--', 'true']]])(
  'one that goes away is not outlived by a wait for stdin: %j',
  async (args) => {
    // Open for writing too, so that it never ends.
    const script = 'mkfifo silent && exec helper "$@" <>silent';
    const got = await getSession(
      (socket) => {
        const params = { what: 'master-password', subject: 'fern', attempt: 1 };
        socket.end(frame({ id: 1, method: 'prompt.secret', params }));
      },
      () => world.run(['sh', '-c', script, 'sh', ...args], { cwd: world.folder }),
    );
    expect(got).toMatchObject({ code: 40, stdout: '' });
  },
);

test.each([
  ['before hello is answered', false],
  ['after it', true],
])('what an older daemon does not understand is told as that, refused %s', async (_, inOrder) => {
  const got = await getSession((socket, id) => {
    const hello = frame({ id: 1, result: { version: 0, pid: process.pid } });
    const refused = frame({ id, error: { code: -32_601, message: 'Method not found' } });
    for (const answer of inOrder ? [hello, refused] : [refused, hello]) socket.write(answer);
  });
  expect(got).toMatchObject({ code: 78, stdout: '' });
  expect(got.stderr).toMatch(/^helper: The daemon that runs is older than this `helper`/);
});

test('an older daemon that never makes room is not asked for ever', async () => {
  const { exit, says, next } = errors['daemon-outdated'];
  let asked = 0;
  const got = await getSession((socket, id) => {
    asked += 1;
    const data = { name: 'daemon-outdated', exit, next };
    socket.write(frame({ id: 1, result: { version: 0, pid: 2 ** 30 } }));
    socket.write(frame({ id, error: { code: -32_000 - exit, message: says, data } }));
  });
  expect(got).toMatchObject({ code: 78, stdout: '' });
  expect(asked).toBe(3);
});
