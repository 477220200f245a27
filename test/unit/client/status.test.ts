import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PlayedDaemon, playDaemon } from '../../support/played-daemon.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let daemon: PlayedDaemon;
beforeEach(() => {
  world = createWorld();
});
afterEach(async () => {
  await daemon.close();
  await world.close();
});

test.each([
  [
    'keychain',
    'problem   data.json holds the client_secret in clear; `helper secret scrub` takes it out',
  ],
  ['bw', 'at rest   data.json holds the client_secret in clear, as the settings want it'],
])('a client_secret in clear is told (api_key_at_rest = %j)', async (apiKeyAtRest, words) => {
  const { code, stdout } = await statusOf({ clientSecretAtRest: true, apiKeyAtRest });
  expect(code).toBe(0);
  expect(stdout).toContain(`\n${words}\n`);
});

test('where all is well no problem is told', async () => {
  const { code, stdout } = await statusOf({});
  expect(code).toBe(0);
  expect(stdout).toMatch(/^state {5}locked\n/);
  expect(stdout).not.toContain('problem');
});

async function statusOf(what: object) {
  const folder = join(world.runtimeDir, 'bw-helper');
  mkdirSync(folder, { mode: 0o700 });
  daemon = await playDaemon(join(folder, 'socket'), {
    'session.status': {
      state: 'locked',
      dataDir: '/data',
      clientSecretAtRest: false,
      keychain: { kind: 'file', stored: true, locked: false, where: '/somewhere' },
      problems: [],
      daemon: { pid: 1, uptimeMs: 1_000 },
      ...what,
    },
  });
  return await world.helper(['status']);
}
