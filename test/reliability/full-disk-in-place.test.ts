/** A login by password, where bw writes to data.json itself: it truncates first, and a full disk stops it halfway. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { succeeded } from '../support/kept-secret.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import type { SignedIn } from '../support/signed-in.ts';
import { canMount, PAGE, smallDisks, testOnSmallDisk } from '../support/small-disk.ts';

let here: SignedIn;
const disks = smallDisks();
/** Each run of bw takes seconds, and a lock that failed is tried again after 30 s. */
const onDisk = (name: string, body: () => Promise<void>) => testOnSmallDisk(name, body, 120_000);
beforeAll(async () => {
  if (canMount) here = await loggedInByPassword();
});
afterEach(async () => {
  if (!canMount) return;
  await here.world.helper(['daemon', 'stop']);
  disks.close();
});
afterAll(() => here?.close());

/** So long that what an unlock adds needs one page more. */
function growToPageEnd(file: string): string {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const text = (pad: number) => JSON.stringify({ ...json, global_pad: 'x'.repeat(pad) }, null, 2);
  const grown = text(PAGE - (text(0).length % PAGE) - 30);
  writeFileSync(file, grown);
  return grown;
}

onDisk('a bw that a full disk stops halfway costs nobody the login', async () => {
  const { world, server } = here;
  const { dataDir } = world;
  const file = join(dataDir, 'data.json');
  const disk = disks.over(dataDir);
  const before = growToPageEnd(file);
  const unlock = () =>
    world.helper(['get-session', '--password-stdin'], { input: `${server.account.password}\n` });
  await world.helper(['daemon', 'start']);
  const pid = world.daemonPid();

  // No room for the copy beside it, and room for that (and our name in bw-helper.lock) alone: bw is not
  // run, or fails in the middle.
  const runs: number[] = [];
  for (const pages of [0, Math.ceil(before.length / PAGE) + 1]) {
    disk.fill(pages);
    const ran = await unlock();
    expect(ran).toMatchObject({ code: 30, stdout: '' });
    expect(ran.stderr).toContain(`${file} cannot be written: no space is left.`);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(dataDir).toSorted()).toEqual(['bw-helper.lock', 'data.json', 'filler']);
    expect(JSON.parse(succeeded(await world.helper(['status', '--json'])))).toMatchObject({
      state: 'locked',
      problems: [],
    });
    runs.push(world.log().split('"command":"unlock"').length - 1);
  }
  expect(runs).toEqual([0, 1]);

  disk.fill();
  expect(await world.helper(['logout'])).toMatchObject({ code: 30 });
  expect(readFileSync(file, 'utf8')).toBe(before);

  disk.free();
  succeeded(await unlock());
  expect(world.daemonPid()).toBe(pid);
  expect(readdirSync(dataDir).toSorted()).toEqual(['bw-helper.lock', 'data.json']);
});
