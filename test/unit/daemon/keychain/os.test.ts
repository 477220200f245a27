import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer, Request } from '../../../../daemon/keychain/exchange.ts';
import { openNotes } from '../../../../daemon/keychain/notes.ts';
import { openOsKeychain } from '../../../../daemon/keychain/os.ts';
import type { ErrorName } from '../../../../shared/errors.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { nobody, plain, secretOf } from './samples.ts';

let folder: string;
let asked: Request[];
let answers: (Answer | Promise<Answer>)[];
let stopped: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keychain-os-'));
  asked = [];
  answers = [];
  stopped = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const onDesktop = Object.assign(async () => secretOf().clientSecret, { desktop: true });
const file = () => join(folder, 'state', 'notes.json');

function open(platform: NodeJS.Platform = 'linux', clock = manualClock()) {
  const worker = {
    async ask(request: Request) {
      asked.push(request);
      return (await answers.shift()) ?? { refused: 'failed' as const, detail: 'no answer is left' };
    },
    stop() {
      stopped += 1;
    },
  };
  return openOsKeychain({ worker, notes: openNotes(file()), clock, platform });
}

test('both values are one item under the name of the account, and come back as they were', async () => {
  const keychain = open();
  answers.push({ done: true });
  await keychain.set('work', secretOf('s3cret-Ω'), nobody);
  const [{ value = '', ...request } = { value: '' }] = asked;
  expect(request).toEqual({ do: 'set', account: 'work', mayAsk: false });
  expect(Object.keys(JSON.parse(value))).toEqual(['client_id', 'client_secret']);
  answers.push({ value });
  expect(await plain(keychain.get('work', nobody))).toBe('s3cret-Ω');
});

test('its window may open for a person at a desktop and for nobody else', async () => {
  const keychain = open();
  answers.push({ value: null }, { done: false }, { value: null });
  await keychain.get('default', onDesktop);
  await keychain.delete('default', onDesktop);
  await keychain.get('default', nobody);
  expect(asked.map(({ mayAsk }) => mayAsk)).toEqual([true, true, false]);
});

test('nothing there is nothing where we stored nothing, and a loss where we did', async () => {
  const keychain = open();
  answers.push({ value: null });
  expect(await keychain.get('default', nobody)).toBeUndefined();
  answers.push({ done: true }, { value: null });
  await keychain.set('default', secretOf(), nobody);
  await expect(keychain.get('default', nobody)).rejects.toMatchObject({
    name: 'keychain-item-gone',
    message: expect.stringContaining('2026-01-01T'),
  });
  answers.push({ done: false }, { value: null });
  expect(await keychain.delete('default', nobody)).toBe(false);
  expect(await keychain.get('default', nobody)).toBeUndefined();
});

test('what could not be stored is not noted as stored', async () => {
  const keychain = open();
  answers.push({ refused: 'locked', detail: '' }, { value: null });
  await expect(keychain.set('default', secretOf(), nobody)).rejects.toThrow();
  expect(await keychain.get('default', nobody)).toBeUndefined();
});

test.each<[Extract<Answer, { refused: string }>['refused'], ErrorName]>([
  ['no-library', 'keychain-no-library'],
  ['no-bus', 'keychain-no-bus'],
  ['no-service', 'keychain-no-service'],
  ['no-collection', 'keychain-no-collection'],
  ['locked', 'system-keychain-locked'],
  ['dismissed', 'keychain-dismissed'],
  ['failed', 'keychain-failed'],
])('%s has an error of its own, also in status', async (refused, name) => {
  const keychain = open();
  const answer = { refused, detail: 'its\u001b[31m words' };
  answers.push(answer, answer);
  const thrown = await keychain.get('default', nobody).catch((error) => error);
  expect(thrown).toMatchObject({ name });
  expect(thrown.message).not.toContain('\u001b');
  expect(await keychain.status('default')).toMatchObject({ problem: thrown.message });
});

test('an item that another program changed is named and not taken', async () => {
  for (const value of ['', 'null', '{"client_id":1}', 'hunter2']) {
    answers.push({ value });
    const thrown = await open()
      .get('default', nobody)
      .catch((error) => error);
    expect(thrown).toMatchObject({ name: 'keychain-failed' });
    expect(thrown.message).not.toContain('hunter2');
  }
});

test('Windows holds 2560 bytes and no more, and is not even asked', async () => {
  const bytes = JSON.stringify({ client_id: 'user.ada', client_secret: '' }).length;
  const keychain = open('win32');
  answers.push({ done: true });
  await keychain.set('default', secretOf('x'.repeat(2_560 - bytes)), nobody);
  expect(asked).toHaveLength(1);
  await expect(
    keychain.set('default', secretOf('x'.repeat(2_561 - bytes)), nobody),
  ).rejects.toMatchObject({ name: 'keychain-too-large' });
  expect(asked).toHaveLength(1);
});

test.each<[Answer, object]>([
  [
    { locked: false, item: 'open' },
    { stored: true, locked: false },
  ],
  // KeePassXC confirms each access, if told to.
  [
    { locked: false, item: 'locked' },
    { stored: true, locked: true },
  ],
  [
    { locked: false, item: 'absent' },
    { stored: false, locked: false },
  ],
  [
    { locked: true, item: 'hidden' },
    { stored: false, locked: true },
  ],
])('status tells %j', async (answer, told) => {
  answers.push(answer);
  expect(await open().status('default')).toEqual({ ...told, where: expect.any(String) });
  expect(asked).toEqual([{ do: 'look', account: 'default', mayAsk: false }]);
});

test('status of a locked keychain that hides what it holds goes by what we stored', async () => {
  const keychain = open();
  answers.push({ done: true }, { locked: true, item: 'hidden' }, { locked: false, item: 'absent' });
  await keychain.set('default', secretOf(), nobody);
  expect(await keychain.status('default')).toMatchObject({ stored: true, locked: true });
  expect(await keychain.status('default')).toMatchObject({
    stored: false,
    problem: expect.stringContaining('does not hold any more'),
  });
});

test('status does not wait for a keychain that hangs, and asks it once', async () => {
  const clock = manualClock();
  const keychain = open('linux', clock);
  const late = Promise.withResolvers<Answer>();
  answers.push(late.promise);
  const looks = [keychain.status('default'), keychain.status('default')];
  clock.advance(1_000);
  for (const look of await Promise.all(looks)) expect(look.problem).toContain('gives no answer');
  expect(asked).toHaveLength(1);
  late.resolve({ locked: false, item: 'open' });
  await late.promise;
});

test.each<NodeJS.Platform>(['darwin', 'win32'])(
  'on %s status asks nobody, as a window might open',
  async (platform) => {
    const keychain = open(platform);
    expect(await keychain.status('default')).toMatchObject({ stored: false });
    answers.push({ done: true });
    await keychain.set('default', secretOf(), nobody);
    expect(await keychain.status('default')).toMatchObject({ stored: true });
    expect(asked).toHaveLength(1);
  },
);

test('one request after the other, and forget ends what is under way', async () => {
  const keychain = open();
  const first = Promise.withResolvers<Answer>();
  answers.push(first.promise, { value: null });
  const both = [keychain.get('default', nobody), keychain.get('default', nobody)];
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(1);
  first.resolve({ value: null });
  await Promise.all(both);
  expect(asked).toHaveLength(2);
  keychain.forget();
  expect(stopped).toBe(1);
});
