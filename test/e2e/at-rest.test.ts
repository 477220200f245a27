/** Where client_secret lies between two runs: as the settings want it, and after the person's own bw. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeptSecret, keepSecret, succeeded } from '../support/kept-secret.ts';
import { PASSPHRASE } from '../support/signed-in.ts';

let here: KeptSecret;
beforeAll(async () => {
  here = await keepSecret();
  // The keychain file goes with its last entry, so a new passphrase may be asked for, too.
  here.world.program(
    'knows-passphrase',
    `#!/bin/sh\ncase "$1" in Master*) exit 1 ;; *) echo '${PASSPHRASE}' ;; esac\n`,
  );
});
afterAll(() => here?.close());

const secretHere = () => here.data().includes(here.server.account.clientSecret);
const bare = () => here.world.bw(['sync', '--nointeraction']);
const status = async () => succeeded(await here.helper(['status']));

function settings(more = '') {
  const { url, caFile } = here.server;
  here.world.settings(
    `[profiles.default]\nkeychain = "file"\nserver = "${url}"\nca_file = "${caFile}"\n${more}`,
  );
}

/** The person's own login, by hand, which leaves the secret in clear. */
async function bwLogin(): Promise<void> {
  const { clientId, clientSecret } = here.server.account;
  await here.beLoggedIn(false);
  const env = { BW_CLIENTID: clientId, BW_CLIENTSECRET: clientSecret };
  succeeded(await here.world.bw(['login', '--apikey', '--nointeraction'], { env }));
  expect(secretHere()).toBe(true);
}

/** data.json without what a scrub is to change. */
function rest(): unknown {
  const json = JSON.parse(here.data());
  return Object.fromEntries(
    Object.entries(json).filter(([key]) => !key.endsWith('apiKeyClientSecret')),
  );
}

describe('helper secret scrub', () => {
  test('has nothing to do after our own login, and says so', async () => {
    await here.beLoggedIn(true);
    const before = here.data();
    const { code, stderr } = await here.helper(['secret', 'scrub']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'data.json holds no client_secret.\n' });
    expect(here.data()).toBe(before);
  });

  test("takes out what the person's own login left; the session, and all else, is as it was", async () => {
    await bwLogin();
    const key = succeeded(await here.unlock());
    // With our unlock it is gone already; a person's bw that had read it may bring it back.
    putBack();
    expect(await status()).toContain('`helper secret scrub` takes it out');
    const before = rest();
    expect((await here.helper(['secret', 'scrub'])).stderr).toBe('Taken out of data.json.\n');
    expect(secretHere()).toBe(false);
    expect(rest()).toEqual(before);
    expect(await status()).not.toContain('problem');
    expect(succeeded(await here.helper(['get-session', '--no-input']))).toBe(key);
    expect(await here.list(key)).toContain('Fern forum');
    succeeded(await here.sync());
  });

  test('stores it first where the keychain holds none, so that nothing is lost', async () => {
    await bwLogin();
    succeeded(await here.helper(['secret', 'delete']));
    const { code, stderr } = await here.helper(['secret', 'scrub']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Stored in .*\nTaken out of data\.json\.\n$/);
    expect(secretHere()).toBe(false);
    const { clientId, clientSecret } = here.server.account;
    const answer = async (what: string) => succeeded(await here.helper(['answer', what]));
    expect(await answer('client-id')).toBe(clientId);
    expect(await answer('client-secret')).toBe(clientSecret);
  });

  test('refuses where the keychain holds another one, until --force says which', async () => {
    const { clientId, clientSecret } = here.server.account;
    await bwLogin();
    const store = (secret: string) => here.helper(['secret', 'set'], `${clientId}\n${secret}\n`);
    succeeded(await store('AnotherClientSecret'));
    const before = here.data();
    const refused = await here.helper(['secret', 'scrub']);
    expect(refused).toMatchObject({ code: 76, stdout: '' });
    expect(refused.stderr).toContain('`helper secret scrub --force`');
    expect(here.data()).toBe(before);
    succeeded(await here.helper(['secret', 'scrub', '--force']));
    expect(secretHere()).toBe(false);
    expect(succeeded(await here.helper(['answer', 'client-secret']))).toBe('AnotherClientSecret');
    succeeded(await store(clientSecret));
  });

  test('a keychain that cannot be opened here leaves it where it is', async () => {
    putBack();
    succeeded(await here.helper(['daemon', 'stop']));
    const before = here.data();
    expect(await here.world.helper(['secret', 'scrub'])).toMatchObject({ code: 17 });
    expect(here.data()).toBe(before);
    succeeded(await here.helper(['secret', 'scrub']));
    expect(secretHere()).toBe(false);
  });

  test('a layout that is not known is refused by name, and nothing is written', async () => {
    const known = here.data();
    write({ ...JSON.parse(known), stateVersion: 999 });
    const before = here.data();
    expect(await here.helper(['secret', 'scrub'])).toMatchObject({ code: 28 });
    expect(here.data()).toBe(before);
    writeFileSync(join(here.world.dataDir, 'data.json'), known);
  });
});

describe('api_key_at_rest = "bw"', () => {
  test('a login leaves client_secret where bw keeps it, and a bare bw sync works', async () => {
    await here.beLoggedIn(false);
    settings('api_key_at_rest = "bw"\n');
    succeeded(await here.login());
    expect(secretHere()).toBe(true);
    here.server.touch();
    succeeded(await bare());
    const exec = await here.world.helper(['exec', '--no-input', '--', 'bw', 'sync', '--quiet']);
    // As for any other command, and nothing is said of a sync of ours.
    expect(exec).toMatchObject({ code: 11, stderr: expect.not.stringContaining('helper sync') });
    expect(await status()).toMatch(/^at rest {3}data\.json holds the client_secret in clear/m);
    expect(await status()).not.toContain('problem');
  });

  test('unlock and sync then need no keychain, and leave it there', async () => {
    succeeded(await here.helper(['daemon', 'stop']));
    const news = here.server.touch();
    const password = { input: `${here.server.account.password}\n` };
    // Nobody here knows the passphrase of the keychain.
    const key = succeeded(await here.world.helper(['get-session', '--password-stdin'], password));
    succeeded(await here.world.helper(['sync', '--no-input']));
    expect(await here.list(key)).toContain(news.name);
    expect(secretHere()).toBe(true);
  });

  test('after the secret was rotated helper sync brings the stored one into data.json', async () => {
    here.rotate();
    const { clientId, clientSecret } = here.server.account;
    expect(secretHere()).toBe(false);
    succeeded(await here.helper(['secret', 'set'], `${clientId}\n${clientSecret}\n`));
    here.server.touch();
    succeeded(await here.sync());
    expect(secretHere()).toBe(true);
    here.server.touch();
    succeeded(await bare());
  });

  test('scrub takes it out all the same, and says that it comes back; the next sync puts it back', async () => {
    const { stderr } = await here.helper(['secret', 'scrub']);
    expect(stderr).toContain('puts it back');
    expect(secretHere()).toBe(false);
    succeeded(await here.sync());
    expect(secretHere()).toBe(true);
  });

  test('taken out of the settings, the next sync takes it out of data.json', async () => {
    settings();
    expect(await status()).toContain('problem   data.json holds the client_secret in clear');
    succeeded(await here.sync());
    expect(secretHere()).toBe(false);
  });
});

function write(json: object): void {
  writeFileSync(join(here.world.dataDir, 'data.json'), JSON.stringify(json, null, 2));
}

function putBack(): void {
  const json = JSON.parse(readFileSync(join(here.world.dataDir, 'data.json'), 'utf8'));
  const key = Object.keys(json).find((one) => one.endsWith('apiKeyClientSecret')) ?? '';
  write({ ...json, [key]: here.server.account.clientSecret });
}
