import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { apiKeyAtRest, takeOutClientSecret } from '../../../../daemon/vault/scrub.ts';
import { Secret } from '../../../../shared/secret.ts';
import {
  folderWith,
  hastyClock,
  leftBy,
  loggedIn,
  SECRET_KEY,
  SLOT_KEY,
  session,
  USER,
} from './samples.ts';

const CANARY = 'canary-client-secret-7f3a';
const CLIENT_ID = `user.${USER}`;

function place(json?: unknown) {
  const folder = folderWith(json);
  const dataFile = openDataFile(folder, { clock: hastyClock(), platform: process.platform });
  const text = () => readFileSync(join(folder, 'data.json'), 'utf8');
  return { folder, dataFile, text, content: () => JSON.parse(text()) };
}

test('the API key is found where bw has left it', async () => {
  const { dataFile } = place(loggedIn({ [SECRET_KEY]: CANARY }));
  const found = await apiKeyAtRest(dataFile);
  expect(found?.clientId).toBe(CLIENT_ID);
  expect(found?.clientSecret.reveal()).toBe(CANARY);
});

test.each([
  ['no file', undefined],
  ['nobody logged in', leftBy('2026.9.0-logged-out')],
  ['our own login', loggedIn()],
])('with %s there is none', async (_, json) => {
  expect(await apiKeyAtRest(place(json).dataFile)).toBeUndefined();
});

test.each([['2025.4.0'], ['2023.12.1']])(
  'in the file of %s it is taken out as well',
  async (version) => {
    const { dataFile, text } = place(leftBy(version));
    const found = await apiKeyAtRest(dataFile);
    expect(found).toBeDefined();
    const secret = found?.clientSecret.reveal() ?? '';
    expect(text()).toContain(secret);
    await takeOutClientSecret(dataFile, new Secret(secret));
    expect(text()).not.toContain(secret);
  },
);

test('only the secret goes; a live session and all else stay', async () => {
  const { key, slot } = session();
  const json = loggedIn({ [SECRET_KEY]: CANARY, [SLOT_KEY]: slot, of_another_program: [1, 2] });
  const { dataFile, content } = place(json);
  await takeOutClientSecret(dataFile, new Secret(CANARY));
  expect(content()).toEqual({ ...json, [SECRET_KEY]: null });
  expect(await dataFile.checkKey(key)).toBe('live');
});

test('another secret, put there meanwhile, is left alone', async () => {
  const { dataFile, text } = place(loggedIn({ [SECRET_KEY]: 'a newer one' }));
  const before = text();
  await expect(takeOutClientSecret(dataFile, new Secret(CANARY))).rejects.toThrow(
    'Another program keeps changing',
  );
  expect(text()).toBe(before);
});

test('a writer that puts it back at once is named', async () => {
  const { dataFile, folder } = place(loggedIn({ [SECRET_KEY]: CANARY }));
  const stubborn = {
    ...dataFile,
    async update(change: Parameters<typeof dataFile.update>[0]) {
      const done = await dataFile.update(change);
      writeFileSync(join(folder, 'data.json'), JSON.stringify(loggedIn({ [SECRET_KEY]: CANARY })));
      return done;
    },
  };
  await expect(takeOutClientSecret(stubborn, new Secret(CANARY))).rejects.toThrow(
    'Another program keeps changing',
  );
});

test.each([
  ['a second place', loggedIn({ [SECRET_KEY]: CANARY, elsewhere: { too: `x${CANARY}` } })],
  ['a layout that is not known', loggedIn({ [SECRET_KEY]: CANARY, stateVersion: 999 })],
])('%s is refused by name, and nothing is written', async (_, json) => {
  const { dataFile, text } = place(json);
  const before = text();
  await expect(takeOutClientSecret(dataFile, new Secret(CANARY))).rejects.toThrow(
    /has a layout that is not known here.*Nothing was written/,
  );
  expect(text()).toBe(before);
});

test('a layout that is not known is refused before anybody is asked for anything', async () => {
  const { dataFile } = place(loggedIn({ stateVersion: 999 }));
  await expect(apiKeyAtRest(dataFile)).rejects.toThrow('has a layout that is not known');
});
