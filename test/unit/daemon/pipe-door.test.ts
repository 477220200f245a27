import { randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { createDoor } from '../../../daemon/pipe-door.ts';
import { parsePipeFile, proofOf, proves, take } from '../../../shared/pipe-proof.ts';

const door = createDoor(randomBytes);
const key = parsePipeFile(door.fileText)?.key ?? Buffer.alloc(0);
const client = Buffer.alloc(32, 1);

/** A connection that has sent its number; the daemon's, and how it ends. */
async function begun() {
  const [near, far] = duplexPair();
  const admitted = door.admits(far);
  near.write(client);
  const answer = (await take(near, 64)) ?? Buffer.alloc(0);
  const numbers = { client, daemon: answer.subarray(0, 32) };
  return { near, admitted, numbers, proof: answer.subarray(32) };
}

test('a client with the key gets a proof and is let in by its own', async () => {
  const { near, admitted, numbers, proof } = await begun();
  expect(proves(proof, proofOf('daemon', key, numbers))).toBe(true);
  near.write(proofOf('client', key, numbers));
  expect(await admitted).toBe(true);
});

test.each<[string, (here: Awaited<ReturnType<typeof begun>>) => Buffer]>([
  ['another key', ({ numbers }) => proofOf('client', Buffer.alloc(32, 9), numbers)],
  ["the daemon's own proof", ({ proof }) => proof],
  ['no proof but a frame', () => Buffer.from('{"jsonrpc":"2.0","id":1,"method":"daemon.stop"}')],
])('a client with %s is not let in', async (_, shown) => {
  const here = await begun();
  here.near.write(shown(here));
  expect(await here.admitted).toBe(false);
});

test('what another connection has shown is worth nothing on this one', async () => {
  const [before, now] = [await begun(), await begun()];
  expect(now.numbers.daemon.equals(before.numbers.daemon)).toBe(false);
  now.near.write(proofOf('client', key, before.numbers));
  expect(await now.admitted).toBe(false);
});

test.each<[string, (near: Duplex) => void]>([
  ['nothing', (near) => near.end()],
  ['half a number', (near) => near.end(Buffer.alloc(16))],
  ['a number alone', (near) => near.end(client)],
])('a client that sends %s and goes is not let in', async (_, act) => {
  const [near, far] = duplexPair();
  const admitted = door.admits(far);
  act(near);
  expect(await admitted).toBe(false);
});

test('the daemon says nothing first', async () => {
  const [near, far] = duplexPair();
  const heard: Buffer[] = [];
  near.on('data', (chunk) => heard.push(chunk));
  const admitted = door.admits(far);
  near.end(Buffer.alloc(31));
  await admitted;
  expect(heard).toEqual([]);
});

test('each life has a pipe and a key of its own', () => {
  const other = createDoor(randomBytes);
  expect(other.pipe).not.toBe(door.pipe);
  expect(parsePipeFile(other.fileText)?.key.equals(key)).toBe(false);
});
