/** The wall clock is set, by hand or by the network, or the machine sleeps, while a session is open. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import {
  clockCanBeFaked,
  type FakedClock,
  sleepCanBeFaked,
  startWithFakedClock,
} from '../support/faked-clock.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { askRaw } from '../support/raw-client.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { testWhere } from '../support/test-where.ts';

const testWithFakedClock = testWhere(clockCanBeFaked, 'needs libfaketime');
const testAsleep = testWhere(
  sleepCanBeFaked,
  'needs root and libfaketime, to make the machine seem asleep',
);

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

const info = () => askRaw(join(here.world.runtimeDir, 'bw-helper', 'socket'), 'daemon.info');
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

testAsleep('asleep for less than the limits: the key stays', async () => {
  const key = await unlockFromStdin(here);
  clock.sleep(9, { wall: true });
  expect(await here.world.helper(['get-session'])).toMatchObject({ code: 0, stdout: `${key}\n` });
});

testAsleep(
  'asleep past the limit: no key to who asked meanwhile, nor to the first afterwards',
  async () => {
    await unlockFromStdin(here);
    const asked = clock.sleep(13, {
      wall: true,
      meanwhile: () => here.world.helper(['get-session']),
    });
    expect(await asked).toMatchObject({ code: 11, stdout: '' });
    expect(data()).not.toContain('_user_auto');
    expect(await here.world.helper(['get-session'])).toMatchObject({ code: 11, stdout: '' });
  },
);

testAsleep('the vault is locked before the first answer, whatever was asked', async () => {
  await unlockFromStdin(here);
  expect((await info()).result).toMatchObject({ live: true });
  clock.sleep(11, { wall: true });
  expect((await info()).result).toMatchObject({ live: false });
  expect(data()).not.toContain('_user_auto');
  expect(here.world.log()).toContain('"why":"idle"');
});

testAsleep('also where the clock of the machine stood still meanwhile', async () => {
  await unlockFromStdin(here);
  clock.sleep(13, { wall: false });
  expect((await info()).result).toMatchObject({ live: false });
  expect(data()).not.toContain('_user_auto');
});
