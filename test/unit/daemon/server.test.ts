import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../daemon/caller.ts';
import type { Fields } from '../../../daemon/log.ts';
import { createServer } from '../../../daemon/server.ts';
import type { Handlers } from '../../../shared/channel.ts';
import { failure } from '../../../shared/errors.ts';
import { type ToDaemon, toDaemon } from '../../../shared/protocol.ts';
import { handlersOf } from '../../support/handlers.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { settle } from '../../support/stand-in-caller.ts';

const UID = 1_000;
const HELLO_MS = 10_000;
const PROGRESS_MS = 4_000;
const CONNECTIONS = 800;

const hello = {
  id: 1,
  method: 'hello',
  params: { version: 1, can: ['terminal'], label: 'pts/3' },
};
const ask = { id: 2, method: 'session.get', params: {} };

interface Given {
  readonly peer?: () => { uid: number; pid?: number } | undefined;
  readonly descriptorLimit?: () => number;
  /** As on Windows. */
  readonly admits?: () => Promise<boolean>;
  /** More handlers than hello. */
  readonly handlers?: (connection: Connection) => Partial<Handlers<ToDaemon>>;
}

/** A server on pairs of streams instead of sockets, with a clock of the test's own. */
function serving({
  peer = () => ({ uid: UID, pid: 7 }),
  descriptorLimit = () => 20_000,
  handlers = () => ({}),
  admits,
}: Given = {}) {
  const clock = manualClock();
  const logged: (Fields & { event: string })[] = [];
  const note = (event: string, fields: Fields = {}) => void logged.push({ event, ...fields });
  const connections: Connection[] = [];
  const { server, drop } = createServer({
    clock,
    uid: UID,
    log: { info: note, warn: note, debug: () => {} },
    peer,
    descriptorLimit,
    door: admits && { admits },
    handlers(connection) {
      connections.push(connection);
      const greet: Partial<Handlers<ToDaemon>> = {
        hello(params) {
          connection.greet(params);
          return { version: 1, pid: 4711 };
        },
        'prompt.activity'() {
          connection.activity();
          return undefined;
        },
      };
      return handlersOf(toDaemon, { ...greet, ...handlers(connection) });
    },
  });

  return {
    clock,
    logged,
    connections,
    drop,
    connect() {
      const [near, far] = duplexPair();
      const heard: Record<string, unknown>[] = [];
      near.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.trimEnd().split('\n')) heard.push(JSON.parse(line));
      });
      server.emit('connection', far);
      return {
        near,
        far: far as Duplex & { destroySoon?: () => void },
        heard,
        named: (method: string) => heard.filter((frame) => frame.method === method),
        async says(...messages: (object | string)[]) {
          for (const message of messages)
            near.write(
              typeof message === 'string'
                ? message
                : `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`,
            );
          await settle();
          await settle();
        },
      };
    },
  };
}

test('hello is answered before the request that came with it begins', async () => {
  const order: string[] = [];
  const { connect } = serving({
    handlers: () => ({
      'session.get'() {
        order.push('work');
        return { key: 'k' };
      },
    }),
  });
  const { far, says } = connect();
  const write = far.write.bind(far);
  far.write = (frame: string) => {
    order.push(`answer to ${JSON.parse(frame).id}`);
    return write(frame);
  };
  await says(
    `${[hello, ask].map((one) => JSON.stringify({ jsonrpc: '2.0', ...one })).join('\n')}\n`,
  );
  expect(order).toEqual(['answer to 1', 'work', 'answer to 2']);
});

describe('who may connect', () => {
  test.each([
    ['another user', () => ({ uid: UID + 1, pid: 9 })],
    ['root', () => ({ uid: 0, pid: 9 })],
    ['somebody the kernel cannot name', () => undefined],
  ])('not %s: refused before a byte is read', async (_, peer) => {
    const { connect, connections, logged } = serving({ peer });
    const { far, heard, says } = connect();
    expect(far.destroyed).toBe(true);
    await says(hello, ask);
    expect(heard).toEqual([]);
    // Nobody even made handlers for what it might say.
    expect(connections).toEqual([]);
    expect(logged).toMatchObject([{ event: 'connection refused', why: 'another user' }]);
  });

  test('where the kernel names nobody, whoever proves nothing is not heard', async () => {
    const { connect, connections, logged } = serving({
      peer: () => undefined,
      admits: async () => false,
    });
    const { far, heard, says } = connect();
    await says(hello, ask);
    expect(far.destroyed).toBe(true);
    expect(heard).toEqual([]);
    expect(connections).toEqual([]);
    expect(logged).toMatchObject([{ event: 'connection refused', why: 'no proof' }]);
  });

  test('there, what comes before the proof waits for it, and whoever gives none in 10 s is dropped', async () => {
    const proof = Promise.withResolvers<boolean>();
    const { clock, connect, connections } = serving({
      peer: () => undefined,
      admits: () => proof.promise,
    });
    const [quick, mute] = [connect(), connect()];
    await quick.says(hello);
    expect(connections).toEqual([]);
    proof.resolve(true);
    await settle();
    await settle();
    expect(quick.heard).toMatchObject([{ id: 1, result: { pid: 4711 } }]);
    clock.advance(10_000);
    expect([quick.far.destroyed, mute.far.destroyed]).toEqual([false, true]);

    const never = serving({ peer: () => undefined, admits: () => new Promise(() => {}) });
    const { far } = never.connect();
    never.clock.advance(10_000);
    expect(far.destroyed).toBe(true);
  });

  test('800 at a time; one more makes the oldest leave that waits for nothing', async () => {
    const { connect } = serving({
      handlers: () => ({ 'session.get': () => new Promise(() => {}) }),
    });
    const all = Array.from({ length: CONNECTIONS }, () => connect());
    const [waiting, oldest, second] = all;
    await waiting?.says(hello, ask);
    const late = connect();
    await late.says(hello);
    expect(late.heard).toMatchObject([{ id: 1, result: { pid: 4711 } }]);
    expect(oldest?.far.destroyed).toBe(true);
    expect(waiting?.far.destroyed).toBe(false);
    connect();
    expect(second?.far.destroyed).toBe(true);
  });

  test('nobody more where all 800 wait for an answer', async () => {
    const { connect, logged } = serving({
      handlers: () => ({ 'session.get': () => new Promise(() => {}) }),
    });
    const all = Array.from({ length: CONNECTIONS }, () => connect());
    await Promise.all(all.map((one) => one.says(hello, ask)));
    for (let n = 0; n < 3; n += 1) expect(connect().far.destroyed).toBe(true);
    expect(all.filter(({ far }) => far.destroyed)).toEqual([]);
    const told = { event: 'connection refused', why: 'too many connections' };
    expect(logged).toMatchObject([told]);
    all[0]?.far.destroy();
    await settle();
    const last = connect();
    await last.says(hello, ask);
    expect(last.far.destroyed).toBe(false);
    expect(connect().far.destroyed).toBe(true);
    expect(logged).toMatchObject([told, told]);
  });

  test.each([
    [64, 16],
    [256, 192],
    [864, 800],
    [1_000_000, 800],
  ])('with %i descriptors in all they get %i, and the daemon has the rest', async (limit, most) => {
    const { connect } = serving({
      descriptorLimit: () => limit,
      handlers: () => ({ 'session.get': () => new Promise(() => {}) }),
    });
    const all = Array.from({ length: most }, () => connect());
    await Promise.all(all.map((one) => one.says(hello, ask)));
    expect(all.filter(({ far }) => far.destroyed)).toEqual([]);
    expect(connect().far.destroyed).toBe(true);
  });

  test('not with 17 requests at once', async () => {
    const { connect, logged } = serving({
      handlers: () => ({ 'session.get': () => new Promise(() => {}) }),
    });
    const greedy = connect();
    await greedy.says(hello);
    const asks = Array.from({ length: 17 }, (_, n) => ({ ...ask, id: n + 2 }));
    await greedy.says(...asks.slice(0, 16));
    expect(greedy.far.destroyed).toBe(false);
    await greedy.says(...asks.slice(16));
    expect(greedy.far.destroyed).toBe(true);
    expect(logged).toMatchObject([{ why: 'too many requests at once' }]);
  });

  test('whoever does not read is not read from, until it reads', async () => {
    let calls = 0;
    const { connect } = serving({
      handlers: () => ({
        'secret.status': () => {
          calls += 1;
          return { kind: 'file', stored: false, locked: false, where: 'x'.repeat(20_000) };
        },
      }),
    });
    const { far, near, says } = connect();
    await says(hello);
    near.pause();
    const status = { id: 2, method: 'secret.status', params: {} };
    for (let n = 0; n < 12; n += 1) await says(status);
    expect(calls).toBeLessThan(12);
    expect(far.isPaused()).toBe(true);
    near.resume();
    for (let n = 0; n < 30; n += 1) await settle();
    expect(calls).toBe(12);
  });

  test('whoever says nothing for 10 s is dropped; whoever said hello may stay', async () => {
    const { clock, connect, logged } = serving();
    const [mute, polite] = [connect(), connect()];
    await polite.says(hello);
    clock.advance(HELLO_MS - 1);
    expect(mute.far.destroyed).toBe(false);
    clock.advance(1);
    expect(mute.far.destroyed).toBe(true);
    expect(logged).toMatchObject([{ event: 'connection refused', why: 'no hello', pid: 7 }]);
    clock.advance(1_000 * HELLO_MS);
    expect(polite.far.destroyed).toBe(false);
  });

  test('half a frame is no hello', async () => {
    const { clock, connect } = serving();
    const slow = connect();
    await slow.says('{"jsonrpc":"2.0","id":1,"method":"hel');
    clock.advance(HELLO_MS);
    expect(slow.far.destroyed).toBe(true);
  });
});

describe('while a request is open', () => {
  function withOpenRequests() {
    const answers: PromiseWithResolvers<{ key: string }>[] = [];
    const all = serving({
      handlers: () => ({
        'session.get'() {
          const answer = Promise.withResolvers<{ key: string }>();
          answers.push(answer);
          return answer.promise;
        },
      }),
    });
    return { ...all, answers };
  }

  test('its client hears every 4 s that we live, and nothing more after the answer', async () => {
    const { clock, connect, answers } = withOpenRequests();
    const client = connect();
    await client.says(hello, ask);
    clock.advance(PROGRESS_MS - 1);
    await settle();
    expect(client.named('progress')).toEqual([]);
    clock.advance(1 + 9 * PROGRESS_MS);
    await settle();
    expect(client.named('progress')).toHaveLength(10);
    expect(client.named('progress')[0]).not.toHaveProperty('id');

    answers[0]?.resolve({ key: 'k' });
    await settle();
    expect(client.heard.at(-1)).toMatchObject({ id: 2, result: { key: 'k' } });
    clock.advance(9 * PROGRESS_MS);
    await settle();
    expect(client.named('progress')).toHaveLength(10);
  });

  test('of two, too: until the last is answered', async () => {
    const { clock, connect, answers } = withOpenRequests();
    const client = connect();
    await client.says(hello, ask, { ...ask, id: 3 });
    answers[0]?.resolve({ key: 'k' });
    await settle();
    clock.advance(PROGRESS_MS);
    await settle();
    expect(client.named('progress')).toHaveLength(1);
    answers[1]?.reject(failure('vault-locked'));
    await settle();
    clock.advance(PROGRESS_MS);
    await settle();
    expect(client.named('progress')).toHaveLength(1);
  });

  test('nobody else hears of it', async () => {
    const { clock, connect } = withOpenRequests();
    const [busy, idle] = [connect(), connect()];
    await busy.says(hello, ask);
    await idle.says(hello);
    clock.advance(PROGRESS_MS);
    await settle();
    expect(busy.named('progress')).toHaveLength(1);
    expect(idle.named('progress')).toEqual([]);
  });

  test('and its client leaves, no timer stays behind', async () => {
    const { clock, connect, connections, answers } = withOpenRequests();
    const before = clock.timers;
    const client = connect();
    await client.says(hello, ask);
    client.far.destroy();
    await settle();
    expect(connections[0]?.caller.gone.aborted).toBe(true);
    expect(clock.timers).toBe(before);
    answers[0]?.resolve({ key: 'k' });
    await settle();
    expect(clock.timers).toBe(before);
  });
});

describe('a question', () => {
  const question = { what: 'master-password', subject: 'alice', attempt: 1 } as const;

  function asking() {
    return serving({
      handlers: ({ caller }) => ({
        'session.get': async () => ({ key: (await caller.ask(question)).reveal() }),
      }),
    });
  }

  test('goes to the client whose request is open, and its answer comes back', async () => {
    const { connect, connections } = asking();
    const client = connect();
    await client.says(hello, ask);
    const [asked] = client.named('prompt.secret');
    expect(asked?.params).toEqual(question);
    expect(connections[0]?.caller).toMatchObject({ label: 'pts/3', can: ['terminal'], pid: 7 });
    await client.says({ id: asked?.id, result: { value: 'hunter2' } });
    expect(client.heard.at(-1)).toMatchObject({ id: 2, result: { key: 'hunter2' } });
  });

  test('ends 130 s after the last key press, however long the typing took', async () => {
    const { clock, connect } = asking();
    const client = connect();
    await client.says(hello, ask);
    for (let keys = 0; keys < 5; keys += 1) {
      clock.advance(129_999);
      await client.says({ method: 'prompt.activity', params: {} });
    }
    clock.advance(129_999);
    await settle();
    expect(client.heard.some(({ id }) => id === 2)).toBe(false);
    clock.advance(1);
    await settle();
    expect(client.heard.at(-1)).toMatchObject({
      id: 2,
      error: { data: { name: 'prompt-timeout', exit: 14 } },
    });
  });

  test('is over when its client goes', async () => {
    const outcomes: unknown[] = [];
    const { clock, connect } = serving({
      handlers: ({ caller }) => ({
        'session.get': async () => {
          outcomes.push(await caller.ask(question).catch((thrown) => thrown));
          return { key: '' };
        },
      }),
    });
    const before = clock.timers;
    const client = connect();
    await client.says(hello, ask);
    client.far.destroy();
    await settle();
    expect(outcomes).toMatchObject([{ name: 'prompt-cancelled' }]);
    expect(clock.timers).toBe(before);
  });
});

describe('what is no frame', () => {
  test.each([
    ['text', 'GET / HTTP/1.1\r\n', 'not JSON in UTF-8'],
    ['a list', '[null]\n', 'not JSON-RPC 2.0'],
    ['a flood', 'x'.repeat(65 * 1024), 'frame too large'],
  ])('ends its connection and no other: %s', async (_, bytes, why) => {
    const { connect, logged } = serving();
    const [rude, polite] = [connect(), connect()];
    await rude.says(bytes);
    expect(rude.far.destroyed).toBe(true);
    expect(logged).toMatchObject([{ event: 'connection refused', why }]);
    await polite.says(hello);
    expect(polite.heard).toHaveLength(1);
  });
});

test('a fault of ours is logged by its kind alone, and the connection goes on', async () => {
  const { connect, logged } = serving({
    handlers: () => ({
      'session.get': () => {
        throw new RangeError('canary');
      },
    }),
  });
  const client = connect();
  await client.says(hello, ask);
  await client.says({ ...hello, id: 3 });
  expect(logged).toEqual([{ event: 'fault', kind: 'RangeError' }]);
  expect(client.heard).toMatchObject([{ id: 1 }, { id: 2, error: {} }, { id: 3 }]);
  expect(JSON.stringify(client.heard)).not.toContain('canary');
});

test('dropping ends every connection', async () => {
  const { connect, drop } = serving();
  const clients = [connect(), connect()];
  // Sockets have it, plain streams do not: it ends them once what was written is out.
  for (const { far } of clients) far.destroySoon = () => void far.destroy();
  await drop();
  expect(clients.map(({ far }) => far.destroyed)).toEqual([true, true]);
});
