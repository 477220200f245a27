/** With the system's keychain client_secret is on no disk, in no command line and no environment of ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect } from 'vitest';
import { formsOf } from '../support/canary.ts';
import { type Bus, missingFor, startBus, startGnomeKeyring } from '../support/secret-service.ts';
import { testWhere } from '../support/test-where.ts';
import { type Watcher, watch } from '../support/watcher.ts';
import { createWorld, type World } from '../support/world.ts';

const missing =
  process.platform === 'linux'
    ? missingFor(['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon'])
    : 'needs Linux';
const testHere = testWhere(missing === '', missing);
const ID = 'user.12345678-1234-4234-8234-123456789012';
const SECRET = 'Canary0Canary1Canary2Canary3Ca';

let world: World;
let bus: Bus;
let watcher: Watcher;
beforeAll(async () => {
  if (missing) return;
  world = createWorld({ keychain: 'os' });
  watcher = await watch({ folders: [world.home, world.runtimeDir], processes: true });
  bus = await startBus(world, { activation: false });
  await startGnomeKeyring(bus, world);
});
afterAll(async () => {
  if (missing) return;
  await watcher.stop();
  await world.close();
  await bus.close();
});

testHere('stored, looked at, read, moved and deleted, it is nowhere to be seen', async () => {
  const env = {
    BW_HELPER_DEBUG: '1',
    BW_HELPER_ASKPASS: world.program('knows', '#!/bin/sh\necho pass\n'),
  };
  const helper = (args: string[], input = '') => world.helper(args, { input, env });
  const ran = [
    await helper(['secret', 'set'], `${ID}\n${SECRET}\n`),
    await helper(['secret', 'status']),
    await helper(['status', '--json']),
    await helper(['secret', 'move', '--to', 'file']),
    await helper(['secret', 'move', '--to', 'os']),
    await helper(['secret', 'delete']),
  ];
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(ran.map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(SECRET);
  expect(await watcher.find(formsOf('client_secret', SECRET))).toEqual([]);
});

testHere('and the search for it finds it where it is put', async () => {
  const child = spawn('sleep', ['1000'], { env: { SEEN: SECRET } });
  await once(child, 'spawn');
  const found = await watcher.find(formsOf('client_secret', SECRET));
  child.kill();
  expect(found).not.toEqual([]);
});
