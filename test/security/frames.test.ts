/** Bytes that no client of ours would send: an error or the end of that connection, and nothing else. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FRAME_BYTES } from '../../shared/limits.ts';
import { toDaemon } from '../../shared/protocol.ts';
import { boundMs, figure } from '../support/figures.ts';
import { rssOf } from '../support/processes.ts';
import { askRaw } from '../support/raw-client.ts';
import { connectRaw, frame, HELLO, type RawConnection } from '../support/raw-connection.ts';
import { createWorld, type World } from '../support/world.ts';

const FRAMES = figure(50_000, 1_000_000);
const LANES = 8;
const MIB = 1024 * 1024;

let world: World;
let socketPath: string;
beforeAll(async () => {
  world = createWorld();
  await world.helper(['daemon', 'start']);
  socketPath = join(world.runtimeDir, 'bw-helper', 'socket');
});
afterAll(() => world.close());

const call = { id: 1, method: 'secret.status', params: {} };
const text = (json: string) => `${json}\n`;

/** `error`: an error for that frame, and the connection goes on. `end`: it ends. */
const corpus: readonly [string, string | Buffer, 'error' | 'end' | 'silence'][] = [
  ['a frame too large', text(`"${'x'.repeat(FRAME_BYTES)}"`), 'end'],
  ['a line without an end, too large', 'x'.repeat(FRAME_BYTES + 1), 'end'],
  [
    'too deep',
    frame({ ...call, params: JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) }),
    'end',
  ],
  ['deeper than a parser likes', text('['.repeat(30_000)), 'end'],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]), 'end'],
  ['not JSON', text('hello?'), 'end'],
  ['an empty line', '\n', 'end'],
  ['an array of null', text('[null]'), 'end'],
  ['a batch', text(`[${frame(call).trim()},${frame({ ...call, id: 2 }).trim()}]`), 'end'],
  ['a number', text('1'), 'end'],
  ['null', text('null'), 'end'],
  ['JSON-RPC 1.0', text('{"id":1,"method":"secret.status","params":[]}'), 'end'],
  [
    '__proto__',
    text('{"jsonrpc":"2.0","id":1,"method":"secret.status","params":{"__proto__":{"a":1}}}'),
    'end',
  ],
  ['__proto__ on top', text('{"jsonrpc":"2.0","id":1,"method":"x","__proto__":{"a":1}}'), 'end'],
  ['an object as id', frame({ ...call, id: {} }), 'end'],
  ['a long id', frame({ ...call, id: 'x'.repeat(65) }), 'end'],
  ['a fraction as id', frame({ ...call, id: 1.5 }), 'end'],
  ['HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'end'],
  ['a TLS hello', Buffer.from('16030100050100000100' + '0a', 'hex'), 'end'],
  ['an unknown method', frame({ ...call, method: 'no.such' }), 'error'],
  ['a method of every object', frame({ ...call, method: 'constructor' }), 'error'],
  ['an unknown parameter', frame({ ...call, params: { x: 1 } }), 'error'],
  ['parameters by position', frame({ ...call, params: [1] }), 'error'],
  [
    'a parameter of another kind',
    frame({ id: 1, method: 'session.get', params: { idleMs: '1' } }),
    'error',
  ],
  ['a call back to a client', frame({ id: 1, method: 'prompt.secret', params: {} }), 'error'],
  [
    'a request that is a notification',
    frame({ method: 'secret.status', params: { x: 1 } }),
    'silence',
  ],
  ['an answer that nobody asked for', frame({ id: 99, result: { value: 'x' } }), 'silence'],
  [
    'an error that nobody asked for',
    frame({ id: 99, error: { code: 1, message: 'x' } }),
    'silence',
  ],
];

test.each(corpus)('%s', async (_, bytes, outcome) => {
  const connection = await greeted();
  connection.write(bytes);
  if (outcome === 'end') await connection.ended;
  else {
    connection.write(frame({ id: 'mark', method: 'daemon.info', params: {} }));
    expect((await connection.answer('mark'))?.result).toBeDefined();
  }
  const answers = connection.said.filter(({ id }) => id !== 'hello' && id !== 'mark');
  if (outcome === 'error') expect(answers).toMatchObject([{ id: 1, error: {} }]);
  else expect(answers).toEqual([]);
  connection.close();
});

test('two requests with the same id are two requests', async () => {
  const connection = await greeted();
  connection.write(frame(call) + frame(call));
  await connection.answer(1);
  // Whichever of the two that was.
  if (connection.said.filter(({ id }) => id === 1).length < 2) await connection.answer(1);
  expect(connection.said.filter(({ id }) => id === 1)).toMatchObject([
    { result: {} },
    { result: {} },
  ]);
  connection.close();
});

test('nothing is answered before hello', async () => {
  const connection = await connectRaw(socketPath);
  connection.write(frame(call));
  expect(await connection.answer(1)).toMatchObject({ error: { data: { name: 'bad-request' } } });
  connection.close();
});

test(
  `${FRAMES} made-up frames: never an answer but an error, the same daemon, and no more memory`,
  async () => {
    const pid = world.daemonPid();
    const seed = Date.now() % 2 ** 31;
    let done = 0;
    let rssAt40 = 0;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      let connection = await greeted();
      for (let round = 0; done < FRAMES; round += 1) {
        const samples = fc.sample(bytes, { seed: seed + lane + round * LANES, numRuns: 200 });
        for (const sample of samples) {
          if (!connection.open) connection = await greeted();
          await judge(connection, sample, done);
          done += 1;
          if (done === Math.floor(FRAMES * 0.4)) rssAt40 = rssOf(pid);
        }
      }
      connection.close();
    });
    await Promise.all(lanes).catch((thrown) => {
      throw new Error(`with seed ${seed}: ${thrown.message}`);
    });
    expect(world.daemonPid()).toBe(pid);
    expect((await askRaw(socketPath, 'daemon.info')).result).toMatchObject({ pid });
    expect(rssAt40).toBeGreaterThan(0);
    expect(rssOf(pid) - rssAt40).toBeLessThan(32 * MIB);
  },
  boundMs(300_000),
);

async function greeted(): Promise<RawConnection> {
  const connection = await connectRaw(socketPath);
  connection.write(HELLO);
  expect((await connection.answer('hello'))?.result).toBeDefined();
  return connection;
}

/** Sends it; what may come back is an error, or the end. */
async function judge(connection: RawConnection, sample: string | Buffer, n: number): Promise<void> {
  const mark = `mark-${n}`;
  const before = connection.said.length;
  connection.write(sample);
  connection.write(`\n${frame({ id: mark, method: 'daemon.info', params: {} })}`);
  await connection.answer(mark);
  for (const { id, method, result } of connection.said.slice(before))
    if (id !== mark && (result !== undefined || method !== undefined))
      throw new Error(`an answer to ${JSON.stringify(String(sample).slice(0, 500))}`);
}

/** Made-up frames, with one field too many wherever the method is a real one. */
const methods = fc.constantFrom(
  ...Object.keys(toDaemon),
  'prompt.secret',
  'constructor',
  '__proto__',
);
const id = fc.oneof(fc.integer(), fc.string({ maxLength: 80 }), fc.constant(null), fc.double());
const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.object({ maxDepth: 3 }));
const message = fc
  .record({ id, method: fc.oneof(methods, fc.string()), params: anything, more: anything })
  .map(({ id, method, params, more }) => {
    const spoilt =
      typeof params === 'object' && params !== null && !Array.isArray(params)
        ? { ...params, odd: 1 }
        : { odd: params };
    return safely({ jsonrpc: '2.0', id, method, params: spoilt, more });
  });
const bytes: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 4, arbitrary: message },
  { weight: 2, arbitrary: anything.map(safely) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((some) => Buffer.from(some)) },
  // One of ours with some of its bytes replaced.
  {
    weight: 2,
    arbitrary: fc
      .tuple(message, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }))
      .map(([one, at, some]) => {
        const spoilt = Buffer.from(one);
        spoilt.set(some.slice(0, spoilt.length), at % Math.max(1, spoilt.length - some.length));
        return spoilt;
      })
      .filter((spoilt) => !honest(spoilt)),
  },
);

/** Spoilt in its field `params` alone, it may have become a request that is to be answered. */
function honest(spoilt: Buffer): boolean {
  try {
    const { method, params } = JSON.parse(String(spoilt));
    return method in toDaemon && (params ?? undefined) === undefined;
  } catch {
    return false;
  }
}

function safely(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one)) ?? '';
}
