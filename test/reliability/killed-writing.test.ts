/** The daemon is killed at every step of each write: what stands there is the old or the new, and whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { boundMs, isLong } from '../support/figures.ts';
import { type KeptSecret, keepSecret } from '../support/kept-secret.ts';
import { type Point, startTraced } from '../support/killed-daemon.ts';
import { untraceable } from '../support/traced.ts';
import type { Ran } from '../support/world.ts';

const missing = process.platform === 'linux' ? untraceable() : 'needs Linux';
const testTraced = (name: string, body: () => Promise<void>) =>
  test(
    name,
    (context: TestContext) => (missing ? context.skip(missing) : body()),
    boundMs(300_000),
  );

let kept: KeptSecret;
beforeAll(async () => {
  if (!missing) kept = await keepSecret();
});
afterAll(() => kept?.close());

interface Path {
  /** Brings about what `act` changes. */
  prepare(): Promise<unknown>;
  act(): Promise<Ran>;
  /** Which calls belong to it. */
  touches: RegExp;
  /** Fails where what stands there is neither old nor new; `done`: it was acknowledged. */
  check(done: boolean): Promise<void>;
}

/** Kills at each of them; gives the names of the calls at which it died. */
async function killAtEach({ prepare, act, touches, check }: Path): Promise<Set<string>> {
  const stop = () => kept.helper(['daemon', 'stop']);
  await prepare();
  await stop();
  const whole = await startTraced(kept.world);
  expect(await act()).toMatchObject({ code: 0 });
  await stop();
  await whole.ended;
  const all: Point[] = whole.calls().filter(({ text }) => touches.test(text));
  expect(all.length).toBeGreaterThan(3);
  // The short figure has the last of each kind.
  const points = isLong ? all : [...new Map(all.map((point) => [point.call, point])).values()];

  const diedAt = new Set<string>();
  for (const point of points) {
    await prepare();
    await stop();
    const traced = await startTraced(kept.world, point);
    const { code } = await act();
    // Where the count was another one this time it lives on.
    await stop();
    await traced.ended;
    const last = traced.calls().at(-1);
    if (last && touches.test(last.text)) diedAt.add(last.call);
    await check(code === 0);
  }
  return diedAt;
}

describe('killed at each step of', () => {
  testTraced('`helper secret set`: the old API key, or the new one', async () => {
    const file = join(kept.world.home, '.local', 'share', 'bw-helper', 'keychain.json');
    const folder = join(kept.world.home, '.local', 'share', 'bw-helper');
    const { clientId, clientSecret } = kept.server.account;
    const set = (secret: string) => kept.helper(['secret', 'set'], `${clientId}\n${secret}\n`);
    let before = '';
    const died = await killAtEach({
      async prepare() {
        await set(clientSecret);
        before = readFileSync(file, 'utf8');
      },
      act: () => set('another-secret-of-the-tests'),
      touches: /keychain\.json|share\/bw-helper>/,
      async check(done) {
        const now = readFileSync(file, 'utf8');
        expect(JSON.parse(now)).toMatchObject({ format: expect.any(String) });
        if (done) expect(now).not.toBe(before);
        expect(await kept.helper(['secret', 'status'])).toMatchObject({ code: 0, stderr: '' });
        // What was written aside is encrypted, and goes with the next write.
        expect(['keychain.json', 'keychain.json.new']).toEqual(
          expect.arrayContaining(readdirSync(folder)),
        );
      },
    });
    for (const call of ['write', 'fsync', 'rename']) expect(died).toContain(call);
    await set(clientSecret);
    expect(readdirSync(folder)).toEqual(['keychain.json']);
  });

  testTraced(
    '`helper lock`: the vault is open or locked, and somebody is still logged in',
    async () => {
      await kept.beLoggedIn(true);
      const died = await killAtEach({
        prepare: async () => {},
        async act() {
          const unlocked = await kept.unlock();
          return unlocked.code === 0 ? await kept.helper(['lock']) : unlocked;
        },
        touches: /data\.json\b(?!\.lock)/,
        async check(done) {
          const data = kept.data();
          expect(Object.keys(JSON.parse(data))).toContain('global_account_activeAccountId');
          if (done) expect(data).not.toContain('_user_auto');
          expect(await kept.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
        },
      });
      expect(died).toContain('rename');
    },
  );
});
