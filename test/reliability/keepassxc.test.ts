/** KeePassXC as the system's keychain: another program, with another idea of a locked one. */
import { afterEach, beforeEach, expect } from 'vitest';
import { startKeePassXC } from '../support/keepassxc.ts';
import { type Bus, missingFor, startBus } from '../support/secret-service.ts';
import { testWhere } from '../support/test-where.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

const missing =
  process.platform === 'linux'
    ? missingFor(['dbus-daemon', 'dbus-send', 'keepassxc', 'keepassxc-cli'])
    : 'needs Linux';
const testHere = testWhere(missing === '', missing);
const SECRET = 'Ab1'.repeat(10);

let world: World;
let bus: Bus;
beforeEach(async () => {
  if (missing) return;
  world = createWorld({ keychain: 'os' });
  bus = await startBus(world, { activation: false });
});
afterEach(async () => {
  if (missing) return;
  await world.close();
  await bus.close();
});

function store(): Promise<Ran> {
  const id = 'user.12345678-1234-4234-8234-123456789012';
  return world.helper(['secret', 'set'], { input: `${id}\n${SECRET}\n` });
}

testHere('stores, finds, moves and deletes', async () => {
  await startKeePassXC(bus, world);
  expect(await store()).toMatchObject({ code: 0 });
  expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, open: /);
  const env = { BW_HELPER_ASKPASS: world.program('knows', '#!/bin/sh\necho passphrase\n') };
  expect(await world.helper(['secret', 'move', '--to', 'file'], { env })).toMatchObject({
    code: 0,
  });
  expect(bus.search('bw-helper', 'default')).toEqual([]);
  expect(await world.helper(['secret', 'move', '--to', 'os'], { env })).toMatchObject({ code: 0 });
  expect(bus.search('bw-helper', 'default')).toHaveLength(1);
  expect(await world.helper(['secret', 'delete'])).toMatchObject({ stderr: 'Deleted.\n' });
  expect(bus.search('bw-helper', 'default')).toEqual([]);
});

testHere(
  'with a database that nobody has opened yet it is locked, and nothing is lost',
  async () => {
    const open = await startKeePassXC(bus, world);
    expect(await store()).toMatchObject({ code: 0 });
    const pid = world.daemonPid();
    const over = new Promise((resolve) => open.once('exit', resolve));
    open.kill('SIGKILL');
    await over;
    await startKeePassXC(bus, world, { locked: true });
    expect((await store()).code).toBe(54);
    expect((await world.helper(['secret', 'delete'])).code).toBe(54);
    // It hides what is in there; we know that we have put something there.
    expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, locked: /);
    expect(world.daemonPid()).toBe(pid);
  },
);
