/** Another user of the same machine: connects, squats, swaps. Only root can play two users. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { storeApiKey } from '../support/signed-in.ts';
import { testAsRoot, testOnPosix } from '../support/test-where.ts';
import { createWorld, type World } from '../support/world.ts';

/** Nobody's. */
const OTHER = 65_534;

let world: World;
let runtime: string;
let socketPath: string;
beforeAll(() => {
  world = createWorld();
  runtime = join(world.runtimeDir, 'bw-helper');
  socketPath = join(runtime, 'socket');
});
afterEach(async () => {
  chmodSync(world.runtimeDir, 0o700);
  await world.helper(['daemon', 'stop']);
  rmSync(runtime, { recursive: true, force: true });
});
afterAll(() => world.close());

/** Connects as another user, sends a whole request, and tells what came back. */
async function askAsOther(): Promise<{ stdout: string; code: number | null }> {
  const script = `
    const socket = require('node:net').connect(${JSON.stringify(socketPath)});
    socket.on('error', (error) => console.log(error.code));
    socket.on('data', (data) => console.log('heard ' + data));
    socket.write('{"jsonrpc":"2.0","id":1,"method":"hello","params":{"version":1,"can":[],"label":""}}\\n');
    socket.write('{"jsonrpc":"2.0","id":2,"method":"daemon.info","params":{}}\\n');
    socket.on('close', () => console.log('closed'));`;
  return await ran(process.execPath, ['-e', script], { uid: OTHER, gid: OTHER });
}

/** Every file and folder below. */
function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
}

function ran(command: string, args: readonly string[], options: SpawnOptions) {
  return new Promise<{ stdout: string; code: number | null }>((resolve, reject) => {
    const child = spawn(command, args, { env: world.env, cwd: '/', ...options });
    let stdout = '';
    child.stdout?.on('data', (data) => (stdout += data));
    child.once('error', reject);
    child.once('close', (code) => resolve({ stdout, code }));
  });
}

describe('who connects to the daemon', () => {
  testAsRoot('does not get through the folder', async () => {
    await world.helper(['daemon', 'start']);
    expect((await askAsOther()).stdout).toBe('EACCES\nclosed\n');
  });

  testAsRoot(
    'is refused by the kernel’s word where somebody opened folder and socket',
    async () => {
      await world.helper(['daemon', 'start']);
      chmodSync(world.folder, 0o711);
      chmodSync(world.runtimeDir, 0o711);
      chmodSync(runtime, 0o711);
      chmodSync(socketPath, 0o777);
      const { stdout } = await askAsOther();
      expect(stdout).toContain('closed');
      expect(stdout).not.toContain('heard');
      expect(world.log()).toContain('"why":"another user"');
      chmodSync(world.folder, 0o700);
    },
  );

  testOnPosix('finds nothing open after a use with umask 000', async () => {
    const started = await world.run(['sh', '-c', 'umask 000; helper daemon start']);
    expect(started.code).toBe(0);
    const account = { clientId: `user.${randomUUID()}`, clientSecret: 'of-the-tests' };
    await storeApiKey(world, { account });
    expect((await world.helper(['config', 'set', 'idle', '5m'])).code).toBe(0);
    const files = [...below(world.home), ...below(world.runtimeDir)];
    const names = files.map((file) => basename(file));
    for (const name of ['daemon.log', 'audit.jsonl', 'keychain.json', 'config.toml', 'socket'])
      expect(names).toContain(name);
    expect(files.filter((file) => lstatSync(file).mode & 0o077)).toEqual([]);
  });
});

describe('who was there first', () => {
  /** A server that notes each byte, in a place where ours is looked for. */
  async function listening(folder: string) {
    let bytes = 0;
    const server = createServer((socket) => socket.on('data', (data) => (bytes += data.length)));
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    return {
      get bytes() {
        return bytes;
      },
      close: () => new Promise((resolve) => server.close(resolve)),
    };
  }
  const ask = () =>
    world.helper(['unlock', '--password-stdin'], { input: 'a password of the tests\n' });

  testAsRoot('and owns the folder, hears no byte', async () => {
    mkdirSync(runtime, { mode: 0o700 });
    const squatter = await listening(runtime);
    chownSync(runtime, OTHER, OTHER);
    const { code, stderr } = await ask();
    expect(code).toBe(41);
    expect(stderr).toContain(`it belongs to user ${OTHER}`);
    expect(squatter.bytes).toBe(0);
    await squatter.close();
  });

  testAsRoot('and put a link in its place, hears no byte', async () => {
    const elsewhere = join(world.folder, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    const squatter = await listening(elsewhere);
    symlinkSync(elsewhere, runtime);
    const { code, stderr } = await ask();
    expect(code).toBe(41);
    expect(stderr).toContain('it is not a folder');
    expect(squatter.bytes).toBe(0);
    await squatter.close();
  });

  testAsRoot('and owns only the socket, hears no byte', async () => {
    mkdirSync(runtime, { mode: 0o700 });
    const squatter = await listening(runtime);
    chownSync(socketPath, OTHER, OTHER);
    const { code, stderr } = await ask();
    expect(code).toBe(41);
    expect(stderr).toContain(`its socket belongs to user ${OTHER}`);
    expect(squatter.bytes).toBe(0);
    await squatter.close();
  });

  for (const mode of [0o777, 0o707, 0o770])
    testAsRoot(
      `and may rename in the folder above (${mode.toString(8)}), hears no byte`,
      async () => {
        mkdirSync(runtime, { mode: 0o700 });
        const squatter = await listening(runtime);
        chmodSync(world.runtimeDir, mode);
        const { code, stderr } = await ask();
        expect(code).toBe(41);
        expect(stderr).toContain('has no sticky bit');
        expect(squatter.bytes).toBe(0);
        await squatter.close();
      },
    );

  testAsRoot('and put a link in the place of the lock, has its target left as it is', async () => {
    mkdirSync(runtime, { mode: 0o700 });
    const target = join(world.folder, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(runtime, 'lock'));
    const { code, stderr } = await world.helper(['daemon', 'start']);
    expect(code).toBe(41);
    expect(stderr).toContain('lock cannot be opened (ELOOP)');
    expect((await ran('cat', [target], {})).stdout).toBe('precious');
  });
});

testAsRoot('`sudo helper` for another’s daemon is refused by name', async () => {
  await world.helper(['daemon', 'start']);
  chownSync(runtime, OTHER, OTHER);
  const { code, stderr } = await world.helper(['status']);
  expect(code).toBe(41);
  expect(stderr).toContain(`belongs to user ${OTHER}, and you are root: run helper without sudo`);
  chownSync(runtime, 0, 0);
});
