/** The test server by hand: `node test/support/server/main.ts [folder]`, until Ctrl-C. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startServer } from './server.ts';

const given = process.argv[2];
const folder = given ? resolve(given) : mkdtempSync(join(tmpdir(), 'bw-test-server-'));
mkdirSync(folder, { recursive: true });
const server = await startServer({ folder });
const { email, password, clientId, clientSecret } = server.account;

console.log(`A Bitwarden server for tests, in memory. None of this is real.

  url            ${server.url}
  certificate    ${server.caFile}
  email          ${email}
  password       ${password}
  client_id      ${clientId}
  client_secret  ${clientSecret}

  export NODE_EXTRA_CA_CERTS=${server.caFile}
  bw config server ${server.url}

Ctrl-C ends it.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close());
}
