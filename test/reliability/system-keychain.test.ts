/**
 * The Secret Service, for real, in every state it can be in. Whatever becomes of it, the daemon is the
 * same one afterwards, the open session is open, and others are answered meanwhile.
 */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect } from 'vitest';
import { startedBy } from '../support/processes.ts';
import {
  type Bus,
  lockLogin,
  missingFor,
  startBus,
  startGnomeKeyring,
} from '../support/secret-service.ts';
import { startServer, type TestServer } from '../support/server/server.ts';
import { unlockFromStdin } from '../support/signed-in.ts';
import { testWhere } from '../support/test-where.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

const missing =
  process.platform === 'linux'
    ? missingFor(['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon'])
    : 'needs Linux';
const testHere = testWhere(missing === '', missing);

let world: World;
let server: TestServer;
let bus: Bus;
let keyring: ChildProcess;
let close = async () => {};
/** Of the daemon that all tests share, and the key of its open session. */
let pid: number | undefined;
let key: string;

beforeAll(async () => {
  if (missing) return;
  const place = createWorld();
  server = await startServer({ folder: place.folder });
  world = createWorld({ server, keychain: 'os' });
  close = async () => {
    await world.close();
    await bus?.close();
    await server.close();
    await place.close();
  };
  bus = await startBus(world, { activation: false });
  keyring = await startGnomeKeyring(bus, world);
});
afterAll(() => close());

function helper(...args: string[]): Promise<Ran> {
  return world.helper(args);
}

function store(): Promise<Ran> {
  const { clientId, clientSecret } = server.account;
  return world.helper(['secret', 'set'], { input: `${clientId}\n${clientSecret}\n` });
}

/** The daemon and the session of the first test are still there, and both are quick to say so. */
async function allIsWell(): Promise<void> {
  const got = await helper('get-session');
  expect(got).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: '' });
  expect(world.daemonPid()).toBe(pid);
  if (pid) expect(startedBy(pid)).toEqual([]);
}

testHere('open: the API key is stored, and bw logs in with it, asked for nothing', async () => {
  expect(await store()).toMatchObject({
    code: 0,
    stderr: 'Stored in the system keychain (Secret Service).\n',
  });
  expect(await helper('login')).toMatchObject({ code: 0 });
  key = await unlockFromStdin({ world, server });
  pid = world.daemonPid();
  expect(await helper('secret', 'status')).toMatchObject({
    stdout: 'stored, open: the system keychain (Secret Service)\n',
    stderr: '',
  });
  await allIsWell();
});

testHere('another API key does not stand beside the old one, but in its place', async () => {
  expect(await store()).toMatchObject({ code: 0 });
  expect(bus.search('bw-helper', 'default')).toHaveLength(1);
});

testHere('locked: that is said at once, and nothing is taken for gone', async () => {
  lockLogin(bus);
  for (const args of [['sync'], ['secret', 'delete'], ['secret', 'move', '--to', 'file']]) {
    const { code, stderr } = await helper(...args);
    expect([args, code]).toEqual([args, 54]);
    expect(stderr).toContain('The system keychain is locked');
  }
  expect((await store()).code).toBe(54);
  expect((await helper('secret', 'status')).stdout).toMatch(/^stored, locked: /);
  expect(JSON.parse((await helper('status', '--json')).stdout)).toMatchObject({
    state: 'unlocked',
    keychain: { kind: 'os', stored: true, locked: true },
    problems: [],
  });
  await allIsWell();
});

testHere('open again: what was stored is still there', async () => {
  await replaceKeyring();
  expect(await helper('sync')).toMatchObject({ code: 0 });
});

testHere('stopped: others are answered while one waits for it, and that one is told', async () => {
  keyring.kill('SIGSTOP');
  try {
    let over = false;
    const waiting = helper('sync').finally(() => {
      over = true;
    });
    expect(await helper('get-session')).toMatchObject({ code: 0, stdout: `${key}\n` });
    const { stdout } = await helper('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'unlocked',
      keychain: { kind: 'os', stored: true },
      problems: ['The system keychain gives no answer.'],
    });
    expect(over).toBe(false);
    expect(await waiting).toMatchObject({
      code: 57,
      stderr: expect.stringContaining('gave no answer within 5 s'),
    });
  } finally {
    keyring.kill('SIGCONT');
  }
  await allIsWell();
});

testHere('gone: its item was deleted by another program', async () => {
  const items = bus.search('bw-helper', 'default');
  expect(items).toHaveLength(1);
  for (const item of items) bus.call(item, 'org.freedesktop.Secret.Item.Delete');
  const { code, stderr } = await helper('sync');
  expect(code).toBe(56);
  expect(stderr).toMatch(/does not hold any more what was stored in it at 2\d{3}-/);
  expect((await helper('secret', 'status')).stderr).toContain('does not hold any more');
  await allIsWell();
  expect((await store()).code).toBe(0);
});

testHere(
  'killed between two calls: the next one tells, and the one after a new start works',
  async () => {
    await stopKeyring();
    expect(await helper('sync')).toMatchObject({
      code: 52,
      stderr: expect.stringContaining('No program offers a system keychain'),
    });
    await allIsWell();
    keyring = await startGnomeKeyring(bus, world);
    expect(await helper('sync')).toMatchObject({ code: 0 });
  },
);

testHere('moved to the file and back, it is in one place at a time', async () => {
  const file = { BW_HELPER_ASKPASS: world.program('knows', '#!/bin/sh\necho passphrase\n') };
  const moved = await world.helper(['secret', 'move', '--to', 'file'], { env: file });
  expect(moved.code).toBe(0);
  expect(moved.stderr).toMatch(
    /^Moved to \/.*keychain\.json\.\nNow run `helper config set profiles\.default\.keychain file`, /,
  );
  expect(bus.search('bw-helper', 'default')).toEqual([]);
  expect((await helper('sync')).code).toBe(15);
  const back = await world.helper(['secret', 'move', '--to', 'os'], { env: file });
  expect(back).toMatchObject({
    code: 0,
    stderr: 'Moved to the system keychain (Secret Service).\n',
  });
  expect((await helper('secret', 'status')).stdout).toMatch(/^stored, open: /);
  await allIsWell();
});

testHere('the bus is gone: that is said, and the daemon lives on', async () => {
  await bus.close();
  expect(await helper('sync')).toMatchObject({
    code: 51,
    stderr: expect.stringContaining('without a D-Bus session'),
  });
  expect((await helper('secret', 'status')).stdout).toMatch(/^stored: /);
  await allIsWell();
});

async function stopKeyring(): Promise<void> {
  const over = new Promise((resolve) => keyring.once('exit', resolve));
  keyring.kill('SIGKILL');
  await over;
}

async function replaceKeyring(): Promise<void> {
  await stopKeyring();
  keyring = await startGnomeKeyring(bus, world);
}
