/** Many who connect and say nothing, or a byte now and then: an honest client does not wait for them. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { figure } from '../support/figures.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { askRaw } from '../support/raw-client.ts';
import { connectRaw, HELLO, type RawConnection } from '../support/raw-connection.ts';
import type { SignedIn } from '../support/signed-in.ts';

const IDLE = figure(1_000, 5_000);
const SLOW = figure(50, 200);
/** What a person at a terminal would still bear. */
const CALL_MS = 5_000;

let here: SignedIn;
let socketPath: string;
const crowd: RawConnection[] = [];
let stopDripping = () => {};
beforeAll(async () => {
  here = await loggedInByPassword();
  const { world } = here;
  await world.helper(['daemon', 'start']);
  socketPath = join(world.runtimeDir, 'bw-helper', 'socket');
});
afterEach(() => {
  stopDripping();
  for (const one of crowd.splice(0)) one.close();
});
afterAll(() => here.close());

test(`${IDLE} idle and ${SLOW} slow connections delay nobody, and a person who waits keeps the place`, async () => {
  const { world } = here;
  const pid = world.daemonPid();
  const waiting = await open(HELLO);
  waiting.write(
    `${JSON.stringify({ jsonrpc: '2.0', id: 'long', method: 'session.get', params: { waitMs: 3_600_000 } })}\n`,
  );
  for (let n = 0; n < IDLE; n += 1) await open(n % 2 === 0 ? HELLO : '');
  const slow = await Promise.all(Array.from({ length: SLOW }, () => open(HELLO)));
  const drip = setInterval(() => {
    for (const one of slow) if (one.open) one.write('{');
  }, 20);
  stopDripping = () => clearInterval(drip);

  for (let n = 0; n < 20; n += 1) {
    const answer = await Promise.race([askRaw(socketPath, 'daemon.info'), late()]);
    expect(answer.result).toMatchObject({ pid });
  }
  const helper = await world.helper(['status', '--json']);
  expect(helper.stderr).toBe('');
  expect(JSON.parse(helper.stdout)).toMatchObject({ daemon: { pid } });
  expect(waiting.open).toBe(true);
});

async function open(bytes: string): Promise<RawConnection> {
  const connection = await connectRaw(socketPath);
  crowd.push(connection);
  if (bytes === '') return connection;
  connection.write(bytes);
  // Not faster than they are accepted: the system keeps 511 at most waiting for that.
  await connection.answer('hello');
  return connection;
}

async function late(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  setTimeout(() => reject(new Error(`no answer in ${CALL_MS} ms`)), CALL_MS).unref();
  return await promise;
}
