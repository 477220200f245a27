import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifies } from '../../../../daemon/vault/slot.ts';
import { Secret } from '../../../../shared/secret.ts';
import { session } from './samples.ts';

test('the key that wrote the slot is live', () => {
  const { key, slot } = session();
  expect(verifies(slot, key)).toBe('live');
});

test('the key stays usable after the check', () => {
  const { key, slot } = session();
  verifies(slot, key);
  expect(verifies(slot, key)).toBe('live');
});

test('a key that another unlock replaced is dead', () => {
  expect(verifies(session().slot, session().key)).toBe('dead');
});

test('a key is dead when one bit of iv, mac or ciphertext differs', () => {
  const { key, slot } = session();
  for (const at of [1, 16, 17, 48, 49, 128]) {
    const bent = Buffer.from(slot, 'base64');
    bent.writeUInt8(bent.readUInt8(at) ^ 1, at);
    expect(verifies(bent.toString('base64'), key), `byte ${at}`).toBe('dead');
  }
});

test('another type of encryption is unknown, not dead', () => {
  const { key, slot } = session();
  const other = Buffer.from(slot, 'base64');
  other.writeUInt8(7, 0);
  expect(verifies(other.toString('base64'), key)).toBe('unknown');
});

test('a slot that is cut off, empty or no base64 is unknown', () => {
  const { key, slot } = session();
  const cut = Buffer.from(slot, 'base64').subarray(0, 100).toString('base64');
  for (const odd of [cut, '', '!!!', slot.slice(0, 60)])
    expect(verifies(odd, key), odd).toBe('unknown');
});

test('a key of another length is unknown', () => {
  const { slot } = session();
  expect(verifies(slot, new Secret(randomBytes(32).toString('base64')))).toBe('unknown');
  expect(verifies(slot, new Secret(''))).toBe('unknown');
});
