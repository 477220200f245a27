import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimInstance, type Instance, type InstanceOptions } from '../../../daemon/instance.ts';
import { withoutDescriptors } from '../../support/descriptors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { testOnLinux } from '../../support/test-where.ts';

const WATCH_MS = 30_000;
const uid = process.getuid?.() ?? -1;

let folder: string;
let paths: InstanceOptions['paths'];
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-'));
  paths = pathsIn(join(folder, 'run'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  rmSync(folder, { recursive: true });
});

function pathsIn(runtime: string): InstanceOptions['paths'] {
  return { runtime, socket: join(runtime, 'socket'), lock: join(runtime, 'lock') };
}

function claim(changed: Partial<InstanceOptions> = {}): Instance {
  return claimInstance({
    paths,
    uid,
    pid: 4711,
    lockFile: () => true,
    ...changed,
  });
}

async function listening(instance: Instance): Promise<Server> {
  const server = createServer();
  servers.push(server);
  await instance.listen(server);
  return server;
}

/** The problem that a claim ends with. */
function refused(changed: Partial<InstanceOptions> = {}): unknown {
  try {
    claim(changed);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

describe('claiming', () => {
  test('makes the private folder and writes the pid into the lock', () => {
    claim();
    expect(readFileSync(paths.lock, 'utf8')).toBe('4711\n');
  });

  test('replaces what an earlier holder wrote, however long that was', () => {
    mkdirSync(paths.runtime, { mode: 0o700 });
    writeFileSync(paths.lock, '123456789\n');
    claim();
    expect(readFileSync(paths.lock, 'utf8')).toBe('4711\n');
  });

  test('fails with the pid of the holder, and leaves its file alone', () => {
    mkdirSync(paths.runtime, { mode: 0o700 });
    writeFileSync(paths.lock, '815\n');
    expect(refused({ lockFile: () => false })).toMatchObject({
      name: 'daemon-running',
      message: 'A daemon is already running (pid 815).',
    });
    expect(readFileSync(paths.lock, 'utf8')).toBe('815\n');
  });

  test('locks anew where the lock file was replaced just before it was locked', () => {
    const locked: number[] = [];
    claim({
      lockFile(fd) {
        locked.push(fd);
        if (locked.length === 1) {
          // What we hold has no name any more; another daemon would be granted the new file.
          rmSync(paths.lock);
          writeFileSync(paths.lock, '');
        }
        return true;
      },
    });
    expect(locked).toHaveLength(2);
    expect(readFileSync(paths.lock, 'utf8')).toBe('4711\n');
  });

  test.each([
    ['others may enter', () => mkdirSync(paths.runtime, { mode: 0o750 }), /mode is 0750/],
    ['is a file', () => writeFileSync(paths.runtime, ''), /cannot be made|not a folder/],
    ['is a link', () => symlinkSync(folder, paths.runtime), /not a folder/],
  ])('refuses a folder that %s', (_, prepare, problem) => {
    prepare();
    expect(refused()).toMatchObject({
      name: 'runtime-folder-unsafe',
      message: expect.stringMatching(problem),
    });
  });

  test('refuses a folder of another user', () => {
    expect(refused({ uid: uid + 1 })).toMatchObject({
      name: 'runtime-folder-unsafe',
      message: expect.stringContaining(`it belongs to user ${uid}`),
    });
  });

  test("refuses a socket's path of 104 bytes, which the system would cut off, and takes 103", () => {
    const base = join(folder, 'x'.repeat(103 - folder.length - '/'.length - '/socket'.length));
    expect(refused({ paths: pathsIn(`${base}x`) })).toMatchObject({
      name: 'runtime-folder-unsafe',
      message: expect.stringContaining('would have 104 bytes'),
    });
    expect(refused({ paths: pathsIn(base) })).toBeUndefined();
  });
});

describe('the watch', () => {
  async function watched() {
    const instance = claim();
    await listening(instance);
    const clock = manualClock();
    let gone = 0;
    instance.watch(clock, () => {
      gone += 1;
    });
    return { instance, clock, gone: () => gone };
  }

  test('stays quiet while the socket is ours', async () => {
    const { clock, gone } = await watched();
    clock.advance(100 * WATCH_MS);
    expect(gone()).toBe(0);
  });

  test.each([
    ['was removed', () => rmSync(paths.socket)],
    ['went with its folder', () => rmSync(paths.runtime, { recursive: true })],
    ['stands in a folder that others may enter now', () => chmodSync(paths.runtime, 0o711)],
    ['has no lock beside it', () => rmSync(paths.lock)],
    [
      'has a lock beside it that another may hold',
      () => {
        rmSync(paths.lock);
        writeFileSync(paths.lock, '4711\n');
      },
    ],
  ])('tells once, within 30 s, that the socket %s', async (_, happen) => {
    const { clock, gone } = await watched();
    clock.advance(WATCH_MS);
    happen();
    expect(gone()).toBe(0);
    clock.advance(WATCH_MS);
    expect(gone()).toBe(1);
    clock.advance(100 * WATCH_MS);
    expect(gone()).toBe(1);
  });

  test('tells that another socket took its place, and that one is left alone', async () => {
    const { instance, clock, gone } = await watched();
    // Ours keeps its inode under another name, so that it cannot be given to the new one.
    renameSync(paths.socket, join(folder, 'ours'));
    const other = createServer();
    servers.push(other);
    await new Promise<void>((done) => other.listen(paths.socket, done));
    clock.advance(WATCH_MS);
    expect(gone()).toBe(1);
    instance.release();
    expect(existsSync(paths.socket)).toBe(true);
  });
});

test('listening replaces a socket that a killed daemon left', async () => {
  mkdirSync(paths.runtime, { mode: 0o700 });
  writeFileSync(paths.socket, '');
  const server = await listening(claim());
  expect(server.address()).toBe(paths.socket);
});

describe('on Windows', () => {
  const fileText = '{"pipe":"…"}\n';
  const door = () => ({ pipe: join(folder, 'pipe'), fileText });

  test('it listens on the pipe, and tells of it in the place of the socket once it does', async () => {
    mkdirSync(paths.runtime, { mode: 0o700 });
    writeFileSync(paths.socket, 'left by a killed daemon');
    const instance = claim({ door: door() });
    const server = createServer();
    servers.push(server);
    const listens = instance.listen(server);
    expect(existsSync(paths.socket)).toBe(false);
    await listens;
    expect(server.address()).toBe(door().pipe);
    expect(readFileSync(paths.socket, 'utf8')).toBe(fileText);
    expect(statSync(paths.socket).mode & 0o777).toBe(0o600);
    instance.release();
    expect(existsSync(paths.socket)).toBe(false);
  });

  test('one daemon holds the lock there, too', () => {
    expect(refused({ door: door(), lockFile: () => false })).toMatchObject({
      name: 'daemon-running',
    });
  });

  test('it leaves when nobody can read any more where it listens', async () => {
    const instance = claim({ door: door() });
    await listening(instance);
    const clock = manualClock();
    let gone = 0;
    instance.watch(clock, () => {
      gone += 1;
    });
    clock.advance(WATCH_MS);
    rmSync(paths.socket);
    expect(gone).toBe(0);
    clock.advance(WATCH_MS);
    expect(gone).toBe(1);
  });
});

test('release removes our socket, also where our lock is gone', async () => {
  const instance = claim();
  await listening(instance);
  rmSync(paths.lock);
  instance.release();
  expect(existsSync(paths.socket)).toBe(false);
});

testOnLinux('a start without descriptors says nothing against the folder', async () => {
  const started = withoutDescriptors(() => claim());
  await expect(started).rejects.toMatchObject({ name: 'too-many-files' });
  claim();
});
