import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterAll(() => here.close());

test('a daemon with another runtime folder leaves the vault to the one that serves it, and names it', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here);
  const elsewhere = join(world.folder, 'run2');
  mkdirSync(elsewhere, { mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: elsewhere };
  for (const command of [['get-session', '--password-stdin'], ['logout']]) {
    const other = await world.helper(command, { env, input: `${here.server.account.password}\n` });
    expect(other).toMatchObject({ code: 33, stdout: '' });
    expect(other.stderr).toContain(`pid ${world.daemonPid()}, ${world.runtimeDir}/bw-helper`);
  }
  await world.helper(['daemon', 'stop'], { env });
  // The session of the first was not disturbed.
  expect((await world.helper(['get-session'])).stdout.trim()).toBe(key);
});
