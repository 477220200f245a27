import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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

test('`helper lock` beside another runtime folder names the daemon that has the session', async () => {
  const { world } = here;
  let key = await unlockFromStdin(here);
  const elsewhere = join(world.folder, 'run3');
  mkdirSync(elsewhere, { mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: elsewhere };
  for (const command of [['lock'], ['lock', '--all']]) {
    const other = await world.helper(command, { env });
    expect(other).toMatchObject({ code: 33, stdout: '' });
    expect(other.stderr).toContain(`pid ${world.daemonPid()}, ${world.runtimeDir}/bw-helper`);
    await world.helper(['daemon', 'stop'], { env });
  }
  // One that found no session when it started.
  await world.helper(['lock']);
  await world.helper(['daemon', 'start'], { env });
  key = await unlockFromStdin(here);
  expect(await world.helper(['lock'], { env })).toMatchObject({ code: 33, stdout: '' });
  await world.helper(['daemon', 'stop'], { env });
  // Of another profile it is no failure.
  const third = await world.helper(['--profile', 'work', 'lock'], { env });
  expect(third).toMatchObject({ code: 0, stdout: '' });
  expect(third.stderr).toMatch(/^default: Another bw-helper[\s\S]*\nNo session here/);
  await world.helper(['daemon', 'stop'], { env });
  expect((await world.helper(['get-session'])).stdout.trim()).toBe(key);
});

test('a stray file beside the marks makes `helper lock` start nothing', async () => {
  const { world } = here;
  await world.helper(['daemon', 'stop']);
  const marks = join(world.stateDir, 'open');
  expect(existsSync(marks)).toBe(true);
  writeFileSync(join(marks, '.DS_Store'), '');
  const ran = await world.helper(['lock']);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('No session here') });
  expect(world.daemonPid()).toBeUndefined();
});
