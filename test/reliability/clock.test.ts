/** The wall clock is set, by hand or by the network, while a session is open. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { clockCanBeFaked, type FakedClock, startWithFakedClock } from '../support/faked-clock.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { testWhere } from '../support/test-where.ts';

const testWithFakedClock = testWhere(clockCanBeFaked, 'needs libfaketime');

let here: SignedIn;
let clock: FakedClock;
beforeAll(async () => {
  if (clockCanBeFaked) here = await loggedInByPassword({ settings: 'idle = "10h"\nmax = "12h"' });
});
beforeEach(async (context) => {
  if (!clockCanBeFaked) context.skip('needs libfaketime');
  await here.world.helper(['daemon', 'stop']);
  clock = await startWithFakedClock(here.world);
});
afterAll(() => here?.close());

const data = () => readFileSync(join(here.world.dataDir, 'data.json'), 'utf8');

testWithFakedClock(
  'past the limit: no key, and the vault is locked before the answer',
  async () => {
    await unlockFromStdin(here);
    clock.step('+13h');
    expect(await here.world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
    expect(data()).not.toContain('_user_auto');
    expect(here.world.log()).toContain('"why":"max"');
  },
);

testWithFakedClock('back by two days: no key either, as nobody knows how old it is', async () => {
  await unlockFromStdin(here);
  clock.step('-2d');
  expect(await here.world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
  expect(data()).not.toContain('_user_auto');
  expect(here.world.log()).toContain('"why":"clock"');
});

testWithFakedClock('by five seconds, as the network does: the key stays', async () => {
  const key = await unlockFromStdin(here);
  for (const by of ['+5s', '-5s', '+0']) {
    clock.step(by);
    expect(await here.world.helper(['get-session'])).toMatchObject({ code: 0, stdout: `${key}\n` });
  }
});
