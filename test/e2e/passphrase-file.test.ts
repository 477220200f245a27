/** A machine where nobody is there to ask: the encrypted keychain opens by a file. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../support/server/server.ts';
import { unlockFromStdin } from '../support/signed-in.ts';
import { createWorld, type World } from '../support/world.ts';

let place: World;
let server: TestServer;
let world: World;
let file: string;
beforeAll(async () => {
  place = createWorld();
  server = await startServer({ folder: place.folder });
  file = join(place.folder, 'passphrase');
  writeFileSync(file, 'a passphrase in a file\n', { mode: 0o600 });
  world = createWorld({ server, settings: `passphrase_file = "${file}"\n` });
});
afterAll(async () => {
  await world.close();
  await server.close();
  await place.close();
});

test('the API key is stored, used, and used again after a restart, and nobody is asked', async () => {
  const { clientId, clientSecret } = server.account;
  const set = await world.helper(['secret', 'set'], { input: `${clientId}\n${clientSecret}\n` });
  expect(set).toMatchObject({ code: 0, stdout: '' });
  expect((await world.helper(['login', '--no-input'])).code).toBe(0);
  await world.helper(['daemon', 'restart']);
  expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, open: /);
  const key = await unlockFromStdin({ world, server }, ['--no-input']);
  const list = await world.bw(['list', 'items'], { env: { BW_SESSION: key } });
  expect(list.stdout).toContain('Fern forum');
  expect((await world.helper(['sync', '--no-input'])).code).toBe(0);
});

test('a file that others can read is refused by name, and nothing is taken in its place', async () => {
  await world.helper(['daemon', 'stop']);
  chmodSync(file, 0o604);
  const sync = await world.helper(['sync', '--no-input']);
  expect(sync).toMatchObject({ code: 74, stdout: '' });
  expect(sync.stderr).toContain(`The passphrase file ${file} cannot be used: its mode is 0604`);
  expect((await world.helper(['secret', 'status'])).stderr).toContain('its mode is 0604');
  chmodSync(file, 0o600);
  expect((await world.helper(['sync', '--no-input'])).code).toBe(0);
});

test('a credential of systemd does the same', async () => {
  const credentials = join(place.folder, 'credentials');
  mkdirSync(credentials, { mode: 0o700 });
  const env = { CREDENTIALS_DIRECTORY: credentials };
  await world.helper(['config', 'unset', 'passphrase_file']);
  await world.helper(['daemon', 'stop']);
  await world.helper(['daemon', 'start'], { env });
  expect((await world.helper(['sync', '--no-input'])).code).toBe(17);
  writeFileSync(join(credentials, 'bw-helper-passphrase'), 'a passphrase in a file', {
    mode: 0o400,
  });
  expect((await world.helper(['sync', '--no-input'])).code).toBe(0);
});
