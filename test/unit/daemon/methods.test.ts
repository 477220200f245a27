import { expect, test } from 'vitest';
import { createAdmission } from '../../../daemon/admission.ts';
import { createCaller } from '../../../daemon/caller.ts';
import type { StoredSecret } from '../../../daemon/keychain/port.ts';
import { createMethods, type MethodParts } from '../../../daemon/methods.ts';
import type { Profile } from '../../../daemon/profile.ts';
import { failure } from '../../../shared/errors.ts';
import { PROTOCOL_VERSION } from '../../../shared/version.ts';
import { manualClock } from '../../support/manual-clock.ts';

const hello = { version: PROTOCOL_VERSION, label: 'pts/1', can: [], profile: 'default' };

/** The methods over one profile that is played. */
function setUp(profile: Partial<Record<keyof Profile, unknown>>) {
  const clock = manualClock();
  const never = () => {
    throw new Error('nobody is asked');
  };
  const connection = createCaller(never, undefined, new AbortController().signal, clock);
  const served = { name: 'default', dataDir: '/data', ...profile } as unknown as Profile;
  const parts = {
    clock,
    settings: () => ({}),
    admission: createAdmission({ live: () => false, leave: async () => {} }),
    profiles: { get: async () => served, served: [] },
    audit: { record() {}, problem: () => undefined },
    info: { pid: 1, startedMs: 0 },
  } as unknown as MethodParts;
  return createMethods(parts, connection);
}

test('who has said hello does not become somebody else', async () => {
  const methods = setUp({});
  await methods.hello(hello);
  const again = async () => await methods.hello({ ...hello, profile: 'work' });
  await expect(again()).rejects.toMatchObject({ name: 'bad-request' });
});

test.each(['stored', 'refused'])('an API key that is %s is wiped here', async (outcome) => {
  const seen: StoredSecret[] = [];
  const keychain = {
    async set(_: string, secret: StoredSecret) {
      seen.push(secret);
      if (outcome === 'refused') throw failure('keychain-no-service');
    },
    status: async () => ({ where: 'the keychain' }),
  };
  const methods = setUp({ keychain, secretChanged() {} });
  await methods.hello(hello);
  const set = async () =>
    await methods['secret.set']({ clientId: 'user.x', clientSecret: 's3cr3t' });
  await set().catch(() => {});
  expect(seen.map(({ clientSecret }) => clientSecret.empty)).toEqual([true]);
});
