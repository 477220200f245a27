import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../shared/secret.ts';

const word = 'hunter2-Ω';

test('gives its content as text and as bytes', () => {
  expect(new Secret(word).reveal()).toBe(word);
  expect(new Secret(Buffer.from(word)).bytes()).toEqual(Buffer.from(word));
});

test.each<[string, (secret: Secret) => unknown]>([
  ['a template string', (secret) => `${secret}`],
  ['a sum', (secret) => `a${secret}`],
  ['String', (secret) => String(secret)],
  ['join', (secret) => [secret, secret].join()],
  ['JSON', (secret) => JSON.stringify({ secret, list: [secret] })],
  ['inspect', (secret) => inspect({ secret }, { showHidden: true, depth: 9 })],
  ['inspect without its own way', (secret) => inspect(secret, { customInspect: false })],
  ['console formats', (secret) => format('%s %o %O %j %d', secret, secret, secret, secret, secret)],
  ['an error message', (secret) => new Error(`no: ${secret}`).stack],
  ['a cause', (secret) => inspect(new Error('no', { cause: secret }))],
  ['its keys', (secret) => Reflect.ownKeys(secret).concat(Object.keys({ ...secret }))],
  ['a clone', (secret) => JSON.stringify(structuredClone(secret))],
])('%s does not show it', (_, show) => {
  const shown = String(show(new Secret(word)));
  expect(shown).not.toContain('hunter2');
  // The bytes as numbers would do as well.
  expect(shown).not.toMatch(/104.*117.*110|68.?75.?6e/);
});

test('what is shown says that something was left out', () => {
  const secret = new Secret(word);
  expect(`${secret}`).toBe('[secret]');
  expect(JSON.stringify(secret)).toBe('"[secret]"');
  expect(inspect(secret)).toBe('[secret]');
});

test('wiping zeroes the very bytes that were handed in and out, and can be repeated', () => {
  const handedIn = Buffer.from(word);
  const secret = new Secret(handedIn);
  const handedOut = secret.bytes();
  secret.wipe();
  expect(handedIn.every((byte) => byte === 0)).toBe(true);
  expect(handedOut.every((byte) => byte === 0)).toBe(true);
  expect(secret.reveal()).toBe('');
  expect(secret.empty).toBe(true);
  secret.wipe();
});

test('wiping one secret leaves its neighbours in memory alone', () => {
  const secrets = ['one', 'two', 'three'].map((text) => new Secret(text));
  secrets[1]?.wipe();
  expect(secrets.map((secret) => secret.reveal())).toEqual(['one', '', 'three']);
});

test('empty tells whether there is anything', () => {
  expect(new Secret('').empty).toBe(true);
  expect(new Secret(' ').empty).toBe(false);
});
