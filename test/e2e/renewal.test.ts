import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';

/** bw 2026.9.0 wants a new token, and without client_secret fails, below this: see daemon/renewal.ts. */
const BW_RENEWS_BELOW_SECONDS = 300;

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterAll(() => here?.close());

/** From now on tokens are of use for this long, for bw as for the server. */
function tokensFor(seconds: number): void {
  here.server.setTokenLife({
    claimSeconds: BW_RENEWS_BELOW_SECONDS + seconds,
    acceptedSeconds: seconds,
  });
}

/** The token that the person's own bw would use. */
function token(): string {
  const data = JSON.parse(readFileSync(join(here.world.dataDir, 'data.json'), 'utf8'));
  return data[`user_${here.server.account.userId}_token_accessToken`];
}

/** Whether the server still takes this token. */
function isAccepted(accessToken: string): Promise<boolean> {
  const { url, caFile } = here.server;
  return new Promise((resolve, reject) => {
    request(`${url}/api/accounts/revision-date`, {
      ca: readFileSync(caFile),
      headers: { authorization: `Bearer ${accessToken}` },
    })
      .once('response', (answer) => resolve(answer.resume().statusCode === 200))
      .once('error', reject)
      .end();
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('bw create item works after the token of the login has run out, as the daemon renews it in time', async () => {
  const { server, world } = here;
  tokensFor(20);
  // The first unlock fetches the vault with a token of its own; the next one is the daemon's.
  let fetched = false;
  const renewal = server.next(({ path, grant }) => {
    fetched ||= path === '/api/sync';
    return fetched && grant === 'client_credentials';
  });
  const key = await unlockFromStdin(here);
  const first = token();

  await renewal;
  expect(await isAccepted(first)).toBe(true);
  tokensFor(3_600);
  await until(() => token() !== first);
  await until(async () => !(await isAccepted(first)));

  const item = { type: 1, name: 'Made after an hour', login: { username: 'fern' } };
  const made = await world.bw(['create', 'item', '--nointeraction'], {
    input: Buffer.from(JSON.stringify(item)).toString('base64'),
    env: { BW_SESSION: key },
  });
  expect(made).toMatchObject({ code: 0 });
  expect(server.items().map(({ name }) => name)).toContain(item.name);
  expect(world.log()).toContain('access token renewed');
});
