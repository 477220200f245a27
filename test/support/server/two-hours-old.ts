import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestServer } from './server.ts';

const TWO_HOURS_MS = 2 * 3_600_000;

/**
 * Makes a login of the first account in bw's `dataDir` look two hours old, without waiting: the access
 * token has expired, and what bw knows of the server's settings is stale. Both matter (seen with
 * 2026.9.0): an expired token alone leaves `unlock` offline and working; with stale settings it asks
 * the server, needs a new token first, and fails without client_secret. For layouts of 2025.4.0 and
 * later; no bw may run meanwhile.
 */
export function makeTwoHoursOld(dataDir: string, server: TestServer): void {
  const file = join(dataDir, 'data.json');
  const data = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const user = `user_${server.account.userId}`;
  const long = new Date(Date.now() - TWO_HOURS_MS).toISOString();
  const settings = [
    ...Object.values((data.global_config_byServer ?? {}) as object),
    data[`${user}_config_serverConfig`],
  ] as ({ utcDate: string } | undefined)[];

  data[`${user}_token_accessToken`] = server.expiredToken();
  for (const known of settings) if (known) known.utcDate = long;
  writeFileSync(file, JSON.stringify(data, null, 2));
}
