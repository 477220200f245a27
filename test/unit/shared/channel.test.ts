import { describe, expect, test } from 'vitest';
import { type Channel, createChannel, type Handlers, type Trace } from '../../../shared/channel.ts';
import { type Failure, failure } from '../../../shared/errors.ts';
import { BadFrame } from '../../../shared/framing.ts';
import {
  conform,
  type Table,
  type ToClient,
  type ToDaemon,
  toClient,
  toDaemon,
} from '../../../shared/protocol.ts';
import { handlersOf } from '../../support/handlers.ts';

const checkBy =
  (incoming: Table, outgoing: Table) => (method: string, part: string, value: unknown) => {
    const schema = part === 'params' ? incoming[method]?.params : outgoing[method]?.result;
    return schema && conform(schema, value);
  };

interface Given {
  readonly daemon?: Partial<Handlers<ToDaemon>>;
  readonly client?: Partial<Handlers<ToClient>>;
}

/** Both ends of one connection, and everything that was on the wire. */
function connected({ daemon = {}, client = {} }: Given = {}) {
  const wire: string[] = [];
  const bugs: unknown[] = [];
  const traces: Trace[] = [];
  const onBug = (thrown: unknown) => bugs.push(thrown);
  const pipeTo = (end: () => Channel<never>) => (frame: string) => {
    wire.push(frame);
    queueMicrotask(() => end().receive(Buffer.from(frame)));
  };
  const clientEnd: Channel<ToDaemon> = createChannel<ToDaemon, ToClient>({
    write: pipeTo(() => daemonEnd as unknown as Channel<never>),
    handlers: handlersOf(toClient, client),
    check: checkBy(toClient, toDaemon),
    onBug,
  });
  const daemonEnd: Channel<ToClient> = createChannel<ToClient, ToDaemon>({
    write: pipeTo(() => clientEnd as unknown as Channel<never>),
    handlers: handlersOf(toDaemon, daemon),
    check: checkBy(toDaemon, toClient),
    trace: (trace) => traces.push(trace),
    onBug,
  });
  return { clientEnd, daemonEnd, wire, bugs, traces };
}

/** One end whose peer a test plays: what it wrote, and what comes to it. */
function alone(handlers: Partial<Handlers<ToClient>> = {}) {
  const written: Record<string, unknown>[] = [];
  const bugs: unknown[] = [];
  const end = createChannel<ToDaemon, ToClient>({
    write: (frame) => written.push(JSON.parse(frame)),
    handlers: handlersOf(toClient, handlers),
    check: checkBy(toClient, toDaemon),
    onBug: (thrown) => bugs.push(thrown),
  });
  const hears = (...messages: object[]) =>
    end.receive(
      Buffer.from(messages.map((m) => `${JSON.stringify({ jsonrpc: '2.0', ...m })}\n`).join('')),
    );
  return { end, written, bugs, hears };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function failureOf(call: Promise<unknown>): Promise<Failure> {
  return await call.then(
    () => expect.unreachable('it should have failed'),
    (thrown) => thrown,
  );
}

const question = { what: 'master-password', subject: 'alice', attempt: 1 } as const;

describe('calls', () => {
  test('go both ways at once: a request stays open while its handler calls back', async () => {
    const { clientEnd, daemonEnd } = connected({
      daemon: {
        'session.get': async () => {
          const { value } = await daemonEnd.call('prompt.secret', question);
          return { key: `key for ${value}` };
        },
        'daemon.info': () => ({ pid: 7, uptimeMs: 1, live: false }),
      },
      client: { 'prompt.secret': () => ({ value: 'hunter2' }) },
    });
    const [got, info] = await Promise.all([
      clientEnd.call('session.get', {}),
      clientEnd.call('daemon.info', {}),
    ]);
    expect(got).toEqual({ key: 'key for hunter2' });
    expect(info.pid).toBe(7);
  });

  test('get their own answers, in whatever order these come', async () => {
    const open: Array<() => void> = [];
    const { clientEnd } = connected({
      daemon: {
        'session.get': ({ idleMs = 0 }) =>
          new Promise((resolve) => open.push(() => resolve({ key: String(idleMs) }))),
      },
    });
    const calls = [1_000, 2_000, 3_000].map((idleMs) => clientEnd.call('session.get', { idleMs }));
    await settle();
    for (const answer of open.reverse()) answer();
    expect(await Promise.all(calls)).toEqual([{ key: '1000' }, { key: '2000' }, { key: '3000' }]);
  });

  test('ignore what a newer daemon says beyond the schema', async () => {
    const { end, written, hears } = alone();
    const call = end.call('daemon.info', {});
    const result = { pid: 1, uptimeMs: 2, live: true, mood: 'fine' };
    hears({ id: written[0]?.id, result });
    expect(await call).toEqual({ pid: 1, uptimeMs: 2, live: true });
  });

  test('fail where an answer is not what the schema says', async () => {
    const { end, written, hears } = alone();
    const call = end.call('daemon.info', {});
    hears({ id: written[0]?.id, result: { pid: 'canary' } });
    const { row } = await failureOf(call);
    expect(row).toMatchObject({ name: 'bad-request', exit: 45 });
    expect(row.says).not.toContain('canary');
  });
});

describe('failures', () => {
  test.each([failure('vault-locked'), failure('profile-unknown', { profile: 'a', known: 'b' })])(
    'arrive as the whole row they were thrown as: $row.name',
    async (thrown) => {
      const fails = () => {
        throw thrown;
      };
      const { clientEnd, bugs } = connected({ daemon: { 'session.get': fails } });
      const { row } = await failureOf(clientEnd.call('session.get', {}));
      expect(row).toEqual(thrown.row);
      expect(bugs).toEqual([]);
    },
  );

  test('of the client reach the daemon the same way', async () => {
    const { daemonEnd } = connected({
      client: { 'prompt.secret': () => Promise.reject(failure('prompt-cancelled')) },
    });
    const { row } = await failureOf(daemonEnd.call('prompt.secret', question));
    expect(row).toEqual(failure('prompt-cancelled').row);
  });

  test.each([
    [{ exit: 77 }, 77],
    [{ exit: 0 }, 1],
    [{ exit: -3 }, 1],
    [{ exit: 300 }, 125],
  ])('that only a newer peer knows are printed as it says: %j', async ({ exit }, code) => {
    const { end, written, hears } = alone();
    const call = end.call('session.get', {});
    const data = { name: 'vault-on-fire', exit, next: 'Call\x1b[2J\n 112.' };
    hears({ id: written[0]?.id, error: { code: -32_077, message: 'The vault\nburns.', data } });
    const failed = await failureOf(call);
    expect(failed.row.name).toBe('vault-on-fire');
    expect(failed.row.exit).toBe(code);
    // Whatever it says stays on one line and moves no cursor.
    expect(failed.row.says).toMatch(/^The vault.burns\.$/);
    expect(failed.row.next).toMatch(/^Call.*112\.$/);
    expect(failed.row.says + failed.row.next).not.toMatch(/\p{Cc}/u);
  });

  test.each([
    ['no row', { code: -32_601, message: 'Method not found' }],
    ['half a row', { code: 1, message: 'odd', data: { name: 'vault-locked', exit: '11' } }],
    ['a row of numbers', { code: 1, message: 'odd', data: { name: 1, exit: 2, next: 3 } }],
    ['nothing', {}],
  ])('with %s are told as a misunderstanding', async (_, error) => {
    const { end, written, hears } = alone();
    const call = end.call('session.get', {});
    hears({ id: written[0]?.id, error });
    expect((await failureOf(call)).row).toMatchObject({ name: 'bad-request', exit: 45 });
  });

  test('that are faults of ours tell the peer their kind and nothing more', async () => {
    const fault = new TypeError('the password is canary');
    const fails = () => {
      throw fault;
    };
    const { clientEnd, wire, bugs } = connected({
      daemon: { 'session.get': fails, 'prompt.activity': fails },
    });
    const { row } = await failureOf(clientEnd.call('session.get', {}));
    expect(row).toMatchObject({ name: 'internal', exit: 70 });
    expect(row.says).toContain('TypeError');
    expect(wire.join('')).not.toContain('canary');
    expect(bugs).toEqual([fault]);

    clientEnd.notify('prompt.activity', {});
    await settle();
    expect(bugs).toEqual([fault, fault]);
  });
});

describe('what comes from the peer', () => {
  test.each([
    ['an unknown field', { idle: 1 }],
    ['a wrong type', { idleMs: 'canary' }],
    ['out of range', { idleMs: -1 }],
    ['a list', ['canary']],
    ['text', 'canary'],
  ])('reaches no handler with odd parameters: %s', async (_, params) => {
    const { clientEnd, wire, bugs } = connected();
    const { row } = await failureOf(clientEnd.call('session.get', params as never));
    expect(row).toMatchObject({ name: 'bad-request', exit: 45 });
    expect(row.says).toContain('session.get');
    expect(wire.at(-1)).not.toContain('canary');
    expect(bugs).toEqual([]);
  });

  test.each(['session.got', 'constructor', '__proto__', 'toString', ''])(
    'is answered with a failure where no method has its name: %j',
    async (method) => {
      const { end, written, hears } = alone();
      hears({ id: 'x', method, params: {} });
      await settle();
      expect(written).toMatchObject([{ id: 'x', error: {} }]);
      expect(end).toBeDefined();
    },
  );

  test('does no harm where it makes no sense', async () => {
    const { written, hears } = alone({ 'prompt.waiting': () => undefined });
    hears(
      {},
      { id: 1 },
      { id: 7, result: 'to nothing we asked' },
      { id: null, error: { code: 1, message: 'canary' } },
      { id: 2, method: 5 },
      { method: 'prompt.waiting', params: { where: 5 } },
      { method: 'no.such', params: {} },
      { id: 3, method: 'prompt.waiting', params: { where: 'pts/3' } },
    );
    await settle();
    // The last one shows that the connection goes on.
    expect(written.at(-1)).toEqual({ jsonrpc: '2.0', id: 3, result: null });
    expect(JSON.stringify(written)).not.toContain('canary');
  });

  test('ends in BadFrame where it is no frame; what came before it is heard', async () => {
    const heard: string[] = [];
    const { end } = alone({
      'prompt.waiting': ({ where }) => {
        heard.push(where);
        return undefined;
      },
    });
    const good = { jsonrpc: '2.0', method: 'prompt.waiting', params: { where: 'pts/3' } };
    end.receive(Buffer.from(`${JSON.stringify(good)}\n`));
    expect(() => end.receive(Buffer.from('[null]\n'))).toThrow(BadFrame);
    await settle();
    expect(heard).toEqual(['pts/3']);
  });
});

describe('closing', () => {
  test('ends what is open, and all later calls, with its first reason', async () => {
    const { end, written } = alone();
    const open = [end.call('session.get', {}), end.call('daemon.info', {})];
    const reason = failure('daemon-gone');
    end.close(reason);
    end.close(failure('daemon-silent', { seconds: 30, pid: '?' }));
    for (const call of open) expect(await failureOf(call)).toBe(reason);
    expect(await failureOf(end.call('session.get', {}))).toBe(reason);
    expect(written).toHaveLength(2);
  });

  test('silences handlers that are still at work', async () => {
    const answer = Promise.withResolvers<{ value: string }>();
    const { end, written, hears } = alone({ 'prompt.secret': () => answer.promise });
    hears({ id: 1, method: 'prompt.secret', params: question });
    await settle();
    end.close(failure('daemon-gone'));
    answer.resolve({ value: 'canary' });
    end.notify('prompt.activity', {});
    await settle();
    expect(written).toEqual([]);
  });
});

test('a trace has names, ids and sizes, and no contents', async () => {
  const { clientEnd, traces } = connected({ daemon: { 'session.get': () => ({ key: 'canary' }) } });
  await clientEnd.call('session.get', {});
  expect(traces).toEqual([
    { way: 'in', method: 'session.get', id: expect.anything(), bytes: expect.any(Number) },
    { way: 'out', id: expect.anything(), bytes: expect.any(Number) },
  ]);
});
