import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../../support/server/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bwh-server-'));
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ folder });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the test server', () => {
  it('gives an access token and no refresh token for an API key', async () => {
    const { status, body } = await grantApiKey(server.account.clientSecret);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 });
    expect(body).not.toHaveProperty('refresh_token');
  });

  it('refuses a rotated secret as the official server does', async () => {
    const old = server.account.clientSecret;
    const current = server.rotateSecret();
    expect(await grantApiKey(old)).toEqual({ status: 400, body: { error: 'invalid_client' } });
    expect(server.account.clientSecret).toBe(current);
    expect((await grantApiKey(current)).status).toBe(200);
  });

  it('answers 401 without a token, with an expired one, and past the accepted life', async () => {
    expect((await revisionDate()).status).toBe(401);
    expect((await revisionDate(server.expiredToken())).status).toBe(401);
    server.setTokenLife({ claimSeconds: 3_600, acceptedSeconds: 0 });
    expect((await revisionDate(await freshToken())).status).toBe(401);
    server.setTokenLife({ claimSeconds: 3_600 });
    expect((await revisionDate(await freshToken())).status).toBe(200);
  });

  it('moves the revision date and adds an item when touched', async () => {
    const token = await freshToken();
    const before = await revisionDate(token);
    const item = server.touch();
    expect((await revisionDate(token)).body).toBeGreaterThan(Number(before.body));
    expect(server.items()).toContainEqual(item);
  });

  it('refuses connections during an outage and comes back on the same port', async () => {
    await server.outage(true);
    await expect(revisionDate()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.outage(false);
    expect((await revisionDate()).status).toBe(401);
  });

  it('keeps a request unanswered until released', async () => {
    const held = server.hold(({ grant }) => grant === 'client_credentials');
    const asked = grantApiKey(server.account.clientSecret);
    const seen = await held.reached;
    expect(seen.status).toBeUndefined();
    held.release();
    expect((await asked).status).toBe(200);
    expect(seen.status).toBe(200);
  });
});

interface Answered {
  readonly status: number | undefined;
  readonly body: unknown;
}

function grantApiKey(secret: string): Promise<Answered> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'api',
    client_id: server.account.clientId,
    client_secret: secret,
  });
  return ask('POST', '/identity/connect/token', {}, form.toString());
}

async function freshToken(): Promise<string> {
  const { body } = await grantApiKey(server.account.clientSecret);
  return (body as { access_token: string }).access_token;
}

function revisionDate(token?: string): Promise<Answered> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return ask('GET', '/api/accounts/revision-date', headers);
}

function ask(
  method: string,
  path: string,
  headers: Record<string, string>,
  sent = '',
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request(
      `${server.url}${path}`,
      { method, headers, ca: readFileSync(server.caFile), agent: false },
      async (answer) => {
        const text = Buffer.concat(await answer.toArray()).toString();
        resolve({ status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) });
      },
    );
    asking.once('error', reject);
    asking.end(sent);
  });
}
