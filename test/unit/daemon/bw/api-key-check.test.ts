import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiKeyCheck } from '../../../../daemon/bw/api-key-check.ts';
import { Secret } from '../../../../shared/secret.ts';
import { type ConnectProxy, startProxy } from '../../../support/connect-proxy.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { startServer, type TestServer } from '../../../support/server/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bwh-check-'));
let server: TestServer;
let proxy: ConnectProxy;
beforeAll(async () => {
  server = await startServer({ folder });
  proxy = await startProxy();
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  rmSync(folder, { recursive: true });
});

/** Asks with this secret, by these settings. */
function check(clientSecret: string, settings: { proxy?: string; caFile?: string } = {}) {
  const ask = createApiKeyCheck({
    clock: manualClock(),
    platform: 'linux',
    settings: () => ({ caFile: server.caFile, ...settings }),
  });
  return ask({
    secret: { clientId: server.account.clientId, clientSecret: new Secret(clientSecret) },
    identity: `${server.url}/identity`,
    deviceId: '00000000-0000-4000-8000-000000000000',
  });
}

test('the server tells a right secret from a wrong one', async () => {
  expect(await check(server.account.clientSecret)).toBe('right');
  expect(await check('not-it')).toBe('wrong');
  expect(proxy.asked).toEqual([]);
});

test('through the proxy of the profile, and no way round it', async () => {
  expect(await check(server.account.clientSecret, { proxy: proxy.url })).toBe('right');
  expect(proxy.asked).toEqual([new URL(server.url).host]);
  const nowhere = 'http://127.0.0.1:1';
  await expect(check(server.account.clientSecret, { proxy: nowhere })).rejects.toMatchObject({
    name: 'server-unreachable',
  });
});

test('a server whose authority is not known is told nothing', async () => {
  const given = check(server.account.clientSecret, { caFile: '' });
  await expect(given).rejects.toMatchObject({ name: 'server-unreachable' });
});
