/** For a file of tests on small disks, which this sets up: a signed-in world with its API key stored. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type KeptSecret, keepSecret, succeeded } from './kept-secret.ts';
import { canMount, smallDisks, testOnSmallDisk } from './small-disk.ts';

export let kept: KeptSecret;
export const disks = smallDisks();

beforeAll(async () => {
  if (!canMount) return;
  kept = await keepSecret();
  await kept.beLoggedIn(true);
});
afterEach(async () => {
  if (!canMount) return;
  await kept.helper(['daemon', 'stop']);
  disks.close();
});
afterAll(() => kept?.close());

/** Each run of bw takes seconds, and a lock that failed is tried again after 30 s. */
export function onDisk(name: string, body: () => Promise<void>): void {
  testOnSmallDisk(name, body, 120_000);
}

/** What `helper status` tells of. */
export async function problems(): Promise<string[]> {
  return JSON.parse(succeeded(await kept.helper(['status', '--json']))).problems;
}
