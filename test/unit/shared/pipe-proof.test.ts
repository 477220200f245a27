import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import {
  KEY_BYTES,
  parsePipeFile,
  pipeFileText,
  proofOf,
  proves,
  take,
} from '../../../shared/pipe-proof.ts';

const key = Buffer.alloc(KEY_BYTES, 1);
const numbers = { client: Buffer.alloc(32, 2), daemon: Buffer.alloc(32, 3) };

test('a proof fits its side, its key and both numbers, and nothing else', () => {
  const proof = proofOf('daemon', key, numbers);
  expect(proves(proof, proofOf('daemon', key, numbers))).toBe(true);
  const others = [
    proofOf('client', key, numbers),
    proofOf('daemon', Buffer.alloc(KEY_BYTES, 9), numbers),
    proofOf('daemon', key, { ...numbers, client: randomBytes(32) }),
    proofOf('daemon', key, { ...numbers, daemon: randomBytes(32) }),
    proof.subarray(0, 31),
    Buffer.alloc(0),
    undefined,
  ];
  expect(others.map((other) => proves(other, proof))).toEqual(others.map(() => false));
});

test('the file gives back what was written', () => {
  const pipe = '\\\\.\\pipe\\bw-helper-1';
  expect(parsePipeFile(pipeFileText({ pipe, key }))).toEqual({ pipe, key });
});

test.each(['', '{"pipe":"x","ke', '\0\0\0', 'null', '{"pipe":"x","key":"ab"}', '{"pipe":1}'])(
  'a file that holds %j names no pipe',
  (text) => {
    expect(parsePipeFile(text)).toBeUndefined();
  },
);

test('bytes are taken in order, however they arrive, and the rest stays for the next', async () => {
  const stream = new PassThrough();
  const first = take(stream, 4);
  for (const piece of ['ab', 'c', 'defgh']) stream.write(piece);
  expect(String(await first)).toBe('abcd');
  expect(String(await take(stream, 2))).toBe('ef');
  const rest = new Promise((heard) => stream.once('data', (chunk) => heard(String(chunk))));
  expect(await rest).toBe('gh');
});

test.each([
  ['ends', (stream: PassThrough) => stream.end('abc')],
  ['breaks', (stream: PassThrough) => stream.destroy()],
])('nothing is taken from a stream that %s before', async (_, happen) => {
  const stream = new PassThrough();
  const taken = take(stream, 4);
  happen(stream);
  expect(await taken).toBeUndefined();
});
