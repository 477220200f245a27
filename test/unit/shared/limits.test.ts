import { expect, test } from 'vitest';
import { encodeFrame, FrameReader } from '../../../shared/framing.ts';
import {
  FRAME_BYTES,
  LONGEST_SESSION_MS,
  PROGRESS_MS,
  PROMPT_IDLE_MS,
  SECRET_BYTES,
  SHORTEST_SESSION_MS,
  SILENCE_MS,
} from '../../../shared/limits.ts';

test('the largest secrets fit into a frame, however badly JSON spells them', () => {
  // A control character takes six bytes as JSON.
  const worst = '\u0001'.repeat(SECRET_BYTES);
  const params = { clientId: worst, clientSecret: worst };
  const frame = encodeFrame({ jsonrpc: '2.0', id: 1, method: 'secret.set', params });
  expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(FRAME_BYTES);
  expect(new FrameReader().push(Buffer.from(frame))).toHaveLength(1);
});

test('a client gives up only after several missed signs of life', () => {
  expect(PROGRESS_MS).toBeLessThanOrEqual(5_000);
  expect(SILENCE_MS / PROGRESS_MS).toBeGreaterThan(5);
});

test('a person at a prompt has longer than the silence that ends a call', () => {
  expect(PROMPT_IDLE_MS).toBeGreaterThan(SILENCE_MS);
});

test('a session fits between the shortest and the longest limit', () => {
  expect(SHORTEST_SESSION_MS).toBeLessThan(LONGEST_SESSION_MS);
});
