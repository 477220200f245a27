import { expect, test } from 'vitest';
import type { SessionVault } from '../../../daemon/session-vault.ts';
import { Sessions } from '../../../daemon/sessions.ts';
import { failure } from '../../../shared/errors.ts';
import { Secret } from '../../../shared/secret.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { settle, standIn } from '../../support/stand-in-caller.ts';

const log = { info() {}, warn() {}, debug() {} };
const question = { what: 'master-password', subject: 'alice', attempt: 1 } as const;

/** A vault in memory: the one live key, and a mark that changes with it. */
function setUp() {
  const clock = manualClock();
  const state = {
    live: '',
    stamp: 1,
    unlocks: 0,
    checks: 0,
    locks: 0,
    lockFails: false,
    cut: () => '',
  };
  const gates = { login: Promise.resolve(), lock: Promise.resolve(), unlock: Promise.resolve() };
  const marked: ('open' | 'locked')[] = [];
  const vault: SessionVault = {
    requireLogin: () => gates.login,
    stamp: () => String(state.stamp),
    async check(key) {
      state.checks += 1;
      return key.reveal() === state.live ? 'live' : 'dead';
    },
    async lock(key) {
      state.locks += 1;
      await gates.lock;
      if (state.lockFails) throw failure('data-file-busy', { file: 'data.json' });
      if (key.reveal() === state.live) state.live = '';
    },
    async unlock(waiters, cut) {
      const { secret } = await waiters.ask(question);
      state.cut = () => cut.reason?.name;
      await gates.unlock;
      if (secret.reveal() !== 'right') throw failure('wrong-password');
      state.unlocks += 1;
      state.live = `key ${state.unlocks}`;
      state.stamp += 1;
      return new Secret(state.live);
    },
  };
  const limits = () => ({ idleMs: 60_000, maxMs: 600_000 });
  const alive = new Map<number, string>();
  const startOf = (pid: number) => alive.get(pid);
  const sessions = new Sessions({
    clock,
    log,
    vault,
    limits,
    startOf,
    onUnlocking: () => marked.push('open'),
    onLocked: () => marked.push('locked'),
  });
  const hold = (what: keyof typeof gates) => {
    const held = Promise.withResolvers<void>();
    gates[what] = held.promise;
    return held.resolve;
  };
  return { clock, state, alive, marked, sessions, hold };
}

async function opened() {
  const all = setUp();
  const person = standIn('pts/1');
  const first = all.sessions.get(person, {});
  await settle();
  person.answer('right');
  expect((await first).reveal()).toBe('key 1');
  return all;
}

test('many who ask at once share one prompt, one unlock, one key', async () => {
  const { sessions, state } = setUp();
  const people = Array.from({ length: 20 }, (_, n) => standIn(`pts/${n}`));
  const keys = people.map((person) => sessions.get(person, {}));
  await settle();
  expect(people.filter(({ asked }) => asked.length > 0)).toHaveLength(1);
  people.find(({ asked }) => asked.length > 0)?.answer('right');
  expect(new Set((await Promise.all(keys)).map((key) => key.reveal()))).toEqual(new Set(['key 1']));
  expect(state.unlocks).toBe(1);
});

test('an unchanged data file is not read again', async () => {
  const { sessions, state } = await opened();
  await sessions.get(standIn('pts/2'), {});
  const before = state.checks;
  for (let used = 0; used < 10; used += 1) await sessions.get(standIn('pts/2'), {});
  expect(state.checks).toBe(before);
});

test("a key that somebody else's unlock has ended is never handed out", async () => {
  const { sessions, state } = await opened();
  state.live = 'key of another';
  state.stamp += 1;
  await expect(sessions.get(standIn('cron', []), {})).rejects.toMatchObject({
    name: 'vault-locked',
  });
  await sessions.lock();
  expect(state.live).toBe('key of another');
});

test('at the idle limit the vault is locked too', async () => {
  const { clock, sessions, state } = await opened();
  clock.advance(60_000);
  await settle();
  expect(state.live).toBe('');
  expect(sessions.left()).toBeUndefined();
});

test('past the limit nobody is answered before the vault is locked', async () => {
  const { clock, sessions, state, hold } = await opened();
  const release = hold('lock');
  clock.advance(60_000);
  const openWhenAnswered = sessions.get(standIn('cron', []), {}).catch(() => state.live);
  const openWhenTold = sessions.peek().then(() => state.live);
  await settle();
  release();
  expect(await openWhenAnswered).toBe('');
  expect(await openWhenTold).toBe('');
  expect(state.locks).toBe(1);
});

test('a session that a process holds lives on while that process does, and not for its successor', async () => {
  const { alive, clock, sessions, state } = await opened();
  alive.set(7, 'started at noon');
  sessions.hold(7);
  sessions.hold(undefined);
  sessions.hold(8);
  clock.advance(300_000);
  expect(sessions.left()).toEqual({ idleLeftMs: 60_000, maxLeftMs: 300_000 });
  // The same number, another process.
  alive.set(7, 'started at one');
  clock.advance(60_000);
  await settle();
  expect(sessions.left()).toBeUndefined();
  expect(state.live).toBe('');
});

test('whoever held a session that was locked does not hold the next one', async () => {
  const { alive, clock, sessions } = await opened();
  alive.set(7, 'started at noon');
  sessions.hold(7);
  await sessions.lock();
  const person = standIn('pts/1');
  const next = sessions.get(person, {});
  await settle();
  person.answer('right');
  await next;
  clock.advance(60_000);
  expect(sessions.left()).toBeUndefined();
});

test('a key that expired while it was checked is not handed out', async () => {
  const { clock, sessions, state, hold } = await opened();
  state.stamp += 1;
  const asked = sessions.get(standIn('cron', []), {});
  const release = hold('lock');
  const openWhenAnswered = asked.catch((thrown) => [thrown.name, state.live]);
  clock.suspend(61_000);
  await settle();
  release();
  expect(await openWhenAnswered).toEqual(['vault-locked', '']);
});

test('who looks for sessions past a limit waits until the vault is locked', async () => {
  const { clock, sessions, state, hold } = await opened();
  await sessions.expire();
  expect(sessions.left()).toBeDefined();
  const release = hold('lock');
  clock.suspend(61_000);
  const open = sessions.expire().then(() => state.live);
  await settle();
  release();
  expect(await open).toBe('');
  expect(sessions.left()).toBeUndefined();
});

test('so does who comes after its timer', async () => {
  const { clock, sessions, state, hold } = await opened();
  const release = hold('lock');
  clock.advance(61_000);
  const open = sessions.expire().then(() => state.live);
  await settle();
  release();
  expect(await open).toBe('');
});

test('nobody waits for another try after a lock that failed', async () => {
  const { clock, sessions, state, hold } = await opened();
  state.lockFails = true;
  clock.advance(61_000);
  await settle();
  const release = hold('lock');
  await sessions.expire();
  expect(sessions.problem()).toContain('data.json');
  release();
});

test('a vault that could not be locked is a problem, is tried again, and its key is not given', async () => {
  const { clock, sessions, state } = await opened();
  state.lockFails = true;
  await expect(sessions.lock()).rejects.toMatchObject({ name: 'lock-failed' });
  expect(sessions.problem()).toContain('data.json');
  await expect(sessions.get(standIn('cron', []), {})).rejects.toMatchObject({
    name: 'vault-locked',
  });
  state.lockFails = false;
  clock.advance(30_000);
  await settle();
  expect(state.live).toBe('');
  expect(sessions.problem()).toBeUndefined();
});

test('shorter limits than the session has count at once, longer ones do not', async () => {
  const { clock, sessions, state } = await opened();
  await sessions.get(standIn('pts/2'), { idleMs: 5_000, maxMs: 999_999_999 });
  expect(sessions.left()).toEqual({ idleLeftMs: 5_000, maxLeftMs: 600_000 });
  clock.advance(5_000);
  await settle();
  expect(state.live).toBe('');
});

test('the limits of one who left do not count for the person who answers', async () => {
  const { sessions } = setUp();
  const cron = standIn('cron', []);
  const lost = sessions.get(cron, { waitMs: 60_000, idleMs: 9e8, maxMs: 9e8 });
  lost.catch(() => {});
  await settle();
  const person = standIn('pts/1');
  const got = sessions.get(person, {});
  await settle();
  cron.leave();
  await settle();
  person.answer('right');
  await got;
  expect(sessions.left()).toEqual({ idleLeftMs: 60_000, maxLeftMs: 600_000 });
});

test('a lock ends an unlock that is under way, and waits for the key that still comes of it', async () => {
  const { sessions, state, hold } = setUp();
  const release = hold('unlock');
  const person = standIn('pts/1');
  const got = sessions.get(person, {}).catch((thrown) => thrown.name);
  await settle();
  person.answer('right');
  await settle();
  expect(state.cut()).toBeUndefined();
  const locked = sessions.lock();
  expect(state.cut()).toBe('prompt-cancelled');
  await settle();
  // Who comes now is not given that key either.
  const next = standIn('pts/2');
  const after = sessions.get(next, {});
  await settle();
  expect(next.asked).toEqual([]);
  release();
  expect(await locked).toBe(true);
  expect(await got).toBe('prompt-cancelled');
  expect(state).toMatchObject({ unlocks: 1, live: '' });
  await settle();
  next.answer('right');
  expect((await after).reveal()).toBe('key 2');
});

test('a lock does not wait for whoever is at the prompt, nor for a client that reads a password', async () => {
  const { sessions } = setUp();
  for (const caller of [standIn('pts/1'), standIn('script', ['stdin'])]) {
    const got = sessions.get(caller, {}).catch((thrown) => thrown.name);
    await settle();
    expect(caller.asked).toHaveLength(1);
    expect(await sessions.lock()).toBe(false);
    expect(await got).toBe('prompt-cancelled');
  }
});

test('a login that fails leaves the mark of the session that is open', async () => {
  const { sessions, marked } = setUp();
  const first = Promise.withResolvers<Secret>();
  const logins = [
    sessions.adopt(() => first.promise),
    sessions.adopt(() => Promise.reject(failure('already-logged-in', { account: 'fern' }))),
  ];
  const ended = Promise.allSettled(logins);
  await settle();
  first.resolve(new Secret('key'));
  await ended;
  await sessions
    .adopt(() => Promise.reject(failure('already-logged-in', { account: 'fern' })))
    .catch(() => {});
  expect(marked).not.toContain('locked');
  await sessions.lock();
  expect(marked.at(-1)).toBe('locked');
});

test('a key that a login gives after the vault was locked, or all is stopped, ends at once', async () => {
  for (const end of ['lock', 'stop'] as const) {
    const { marked, sessions, state } = setUp();
    const login = Promise.withResolvers<Secret>();
    const adopted = sessions.adopt(() => login.promise);
    await sessions[end]();
    expect(marked).not.toContain('locked');
    state.live = 'late';
    login.resolve(new Secret('late'));
    await adopted;
    expect([state.live, sessions.left()]).toEqual(['', undefined]);
  }
});

test('after stop a key that arrives late is locked, not kept, before stop resolves', async () => {
  const { clock, sessions, state, hold } = setUp();
  const release = hold('unlock');
  const person = standIn('pts/1');
  const late = sessions.get(person, {});
  late.catch(() => {});
  await settle();
  person.answer('right');
  await settle();
  let stopped = false;
  const stop = sessions.stop().then(() => {
    stopped = true;
  });
  await settle();
  expect(stopped).toBe(false);
  release();
  await expect(late).rejects.toMatchObject({ name: 'daemon-gone' });
  expect(state).toMatchObject({ unlocks: 1, live: '' });
  expect(sessions.left()).toBeUndefined();
  await settle();
  clock.advance(300);
  await stop;
});

test('after stop nobody is asked any more, also who came before it', async () => {
  const { sessions, hold } = setUp();
  const release = hold('login');
  const [early, late] = [standIn('pts/1'), standIn('pts/2')];
  const got = [sessions.get(early, {})];
  await settle();
  await sessions.stop();
  got.push(sessions.get(late, {}));
  release();
  expect(await Promise.allSettled(got)).toMatchObject([
    { reason: { name: 'daemon-gone' } },
    { reason: { name: 'daemon-gone' } },
  ]);
  expect([...early.asked, ...late.asked]).toEqual([]);
});
