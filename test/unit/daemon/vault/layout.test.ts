import { expect, test } from 'vitest';
import {
  describe as accountIn,
  appIdOf,
  identityOf,
  serverOf,
  slot,
  slotKey,
  withClientSecret,
  withSlotOf,
} from '../../../../daemon/vault/layout.ts';
import { layoutOf } from '../../../../daemon/vault/layouts.ts';
import { Secret } from '../../../../shared/secret.ts';
import { leftBy, loggedIn, SECRET_KEY, SLOT_KEY, USER } from './samples.ts';

const VERSIONS = ['2026.9.0', '2025.4.0', '2023.12.1'];
const TOKEN_KEY = `user_${USER}_token_accessToken`;

test.each(VERSIONS)('the account that bw %s leaves after a login by API key', (version) => {
  expect(accountIn(leftBy(version))).toEqual({
    userId: USER,
    email: 'fern@example.test',
    server: 'https://vault.example.test',
    apiKey: true,
    clientId: `user.${USER}`,
    accessTokenExpiresAtMs: 1_795_529_612_000,
    clientSecretAtRest: true,
    hasMasterPassword: true,
    // That login was one of those that end before they have fetched the vault.
    fetched: version !== '2025.4.0',
  });
});

test.each([
  ['2026.9.0', '721bd8de-ac3b-4472-884a-eebd77f6941f'],
  ['2025.4.0', 'e7fa3f1b-20f2-4081-ad34-dd0d9b246b93'],
  ['2023.12.1', '0c5b7435-eb6c-4fc8-a301-9ce88cfec2c9'],
])('the id by which servers know a data folder of bw %s', (version, id) => {
  expect(appIdOf(leftBy(version))).toBe(id);
  expect(appIdOf({})).toBeUndefined();
});

test('an account without a master password is seen, in each layout', () => {
  const options = { hasMasterPassword: false };
  const modern = { [`user_${USER}_userDecryptionOptions_decryptionOptions`]: options };
  expect(accountIn(loggedIn(modern))?.hasMasterPassword).toBe(false);
  const old = leftBy('2023.12.1');
  const nested = { [USER]: { ...(old[USER] as object), decryptionOptions: options } };
  expect(accountIn({ ...old, ...nested })?.hasMasterPassword).toBe(false);
});

test.each([
  [{}, 'https://identity.bitwarden.com'],
  [{ region: 'US', urls: { base: null } }, 'https://identity.bitwarden.com'],
  [{ region: 'EU', urls: { base: null } }, 'https://identity.bitwarden.eu'],
  [{ urls: { base: 'https://vault.bitwarden.eu' } }, 'https://identity.bitwarden.eu'],
  [{ urls: { base: 'https://x.test/vault/' } }, 'https://x.test/vault/identity'],
  [{ urls: { base: null, identity: 'https://id.x.test/' } }, 'https://id.x.test'],
])('tokens come from where %o says', (environment, address) => {
  expect(identityOf({ global_environment_environment: environment })).toBe(address);
});

test.each(VERSIONS)('the client_secret is taken out of a file of bw %s and put back', (version) => {
  const before = leftBy(version);
  const without = withClientSecret(before, null);
  expect(JSON.stringify(without)).not.toContain('canary-client-secret-7f3a');
  expect(accountIn(without)).toMatchObject({ apiKey: true, clientSecretAtRest: false });
  expect(withClientSecret(without, new Secret('canary-client-secret-7f3a'))).toEqual(before);
});

test('taking out changes nothing where there is no secret, and never what it was given', () => {
  const before = loggedIn();
  expect(withClientSecret(before, null)).toBe(before);
  const kept = leftBy('2026.9.0');
  withClientSecret(kept, null);
  expect(kept).toEqual(leftBy('2026.9.0'));
});

test.each(VERSIONS)('the slot of bw %s stands in one key', (version) => {
  const json = leftBy(version);
  expect(slotKey(json)).toBe(SLOT_KEY);
  expect(slot(json)).toBeUndefined();
  expect(slot({ ...json, [SLOT_KEY]: 'AAAA' })).toBe('AAAA');
  expect(withSlotOf({ ...json, [SLOT_KEY]: 'AAAA' }, {})).toEqual(json);
  expect(withSlotOf(json, { [SLOT_KEY]: 'BBBB' })).toEqual({ ...json, [SLOT_KEY]: 'BBBB' });
});

test.each([
  {},
  { stateVersion: 85 },
  { stateVersion: 9, activeUserId: null },
  { global_environment_environment: { region: 'Self-hosted', urls: { base: 'https://x.test' } } },
  leftBy('2026.9.0-logged-out'),
  { ...leftBy('2023.12.1'), activeUserId: null },
])('a known layout with nobody logged in', (json) => {
  expect(layoutOf(json)).toBeDefined();
  expect(accountIn(json)).toBeUndefined();
  expect(slotKey(json)).toBeUndefined();
  expect(withClientSecret(json, new Secret('s'))).toBe(json);
});

test.each([0, 8, 10, 59, 86, '85', Number.NaN, {}])('stateVersion %s is not known', (version) => {
  const json = { ...leftBy('2026.9.0'), stateVersion: version };
  expect(layoutOf(json)).toBeUndefined();
  expect(accountIn(json)).toBeUndefined();
  expect(serverOf(json)).toBeUndefined();
  expect(slot({ ...json, [SLOT_KEY]: 'AAAA' })).toBeUndefined();
  expect(withClientSecret(json, null)).toBe(json);
});

test.each([{ activeUserId: USER }, { global: { stateVersion: 7 } }, { [SECRET_KEY]: 's' }])(
  'without a version, a file that holds anything of a user is not known',
  (json) => {
    expect(layoutOf(json)).toBeUndefined();
  },
);

test.each([
  undefined,
  'no token',
  'a.b.c',
  `a.${Buffer.from('{"exp":"soon"}').toString('base64url')}.c`,
])('an access token of %s has no known end', (token) => {
  const account = accountIn(loggedIn({ [TOKEN_KEY]: token }));
  expect(account).not.toHaveProperty('accessTokenExpiresAtMs');
});

test('a login with the password is not one with the API key', () => {
  const account = accountIn(loggedIn({ [`user_${USER}_token_apiKeyClientId`]: null }));
  expect(account).toMatchObject({ apiKey: false, clientSecretAtRest: false });
  expect(account).not.toHaveProperty('clientId');
});

const KEYS = ['global_environment_environment', `user_${USER}_environment_environment`] as const;

test('the server of the login counts, not the one for the next', () => {
  const [next, fixed] = KEYS;
  const at = (base: string) => ({ region: 'Self-hosted', urls: { base } });
  const json = loggedIn({ [next]: at('https://next.test'), [fixed]: at('https://now.test') });
  expect(serverOf(json)).toBe('https://now.test');
  expect(serverOf({ ...json, [fixed]: null })).toBe('https://next.test');
  expect(serverOf({ ...json, global_account_activeAccountId: null })).toBe('https://next.test');
});

test.each([
  [undefined, undefined],
  [{ region: 'US', urls: null }, undefined],
  [{ region: 'EU', urls: null }, 'https://vault.bitwarden.eu'],
  [{ region: 'Self-hosted', urls: { base: null, api: null, identity: null } }, undefined],
  [{ region: 'Self-hosted', urls: { base: null, identity: 'https://id.test' } }, 'https://id.test'],
])('the server set as %j is %s', (environment, server) => {
  expect(serverOf({ stateVersion: 85, global_environment_environment: environment })).toBe(server);
});

test('the server that bw 2023.12.1 is set to, before any login', () => {
  const { global } = leftBy('2023.12.1');
  expect(serverOf({ stateVersion: 9, global })).toBe('https://vault.example.test');
});
