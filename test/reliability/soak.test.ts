/** A crowd of clients, sessions of seconds, and a daemon that is killed: nothing wrong, nothing left over. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { figure } from '../support/figures.ts';
import {
  descriptorsOf,
  processesWith,
  settledDescriptorsOf,
  startedBy,
} from '../support/processes.ts';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { type Soaked, soak } from '../support/soak.ts';
import { isRoot, testOnLinux, testWhere } from '../support/test-where.ts';

const isLinux = process.platform === 'linux';
const testDescriptors = testWhere(
  isLinux && isRoot(),
  'needs Linux, and root: the daemon hides them',
);

const MINUTE_MS = 60_000;
const durationMs = figure(1, 30) * MINUTE_MS;
const CLIENTS = 20;
const MIB = 1024 * 1024;
/** What was under way may end. */
const calm = { timeout: MINUTE_MS, interval: 200 };

let here: SignedIn;
let soaked: Soaked;
let atRest: string[];
beforeAll(
  async () => {
    if (!isLinux) return;
    here = await signedIn({ settings: 'idle = "20s"\nmax = "20s"' });
    await unlockFromStdin(here);
    await here.world.helper(['lock']);
    if (isRoot()) atRest = await settledDescriptorsOf(here.world.daemonPid());
    soaked = await soak(here, { clients: CLIENTS, durationMs });
    process.stdout.write(`soak: ${inWords(soaked)}\n`);
  },
  durationMs + 5 * MINUTE_MS,
);
afterAll(() => here?.close());

testOnLinux(`${CLIENTS} clients for ${durationMs / MINUTE_MS} min: no answer is wrong`, () => {
  expect(soaked.wrong).toEqual([]);
  expect(soaked.killed.length).toBeGreaterThan(0);
  expect(soaked.expired).toBeGreaterThan(0);
});

testOnLinux('the memory of the daemon does not grow', () => {
  expect(soaked.rss.late - soaked.rss.early).toBeLessThan(32 * MIB);
});

testDescriptors('it has no descriptor more than before', async () => {
  await here.world.helper(['lock']);
  await expect.poll(() => descriptorsOf(here.world.daemonPid()), calm).toEqual(atRest);
});

testOnLinux('the vault is locked, and client_secret lies in no file', async () => {
  const { world, server } = here;
  expect((await world.helper(['lock'])).code).toBe(0);
  expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
  const files = [world.home, world.runtimeDir].flatMap(filesBelow);
  const { clientSecret } = server.account;
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => readFileSync(file).includes(clientSecret))).toEqual([]);
});

testOnLinux(
  'nothing that it started still runs, nor does any of the daemons once it is stopped',
  async () => {
    const { world } = here;
    const pid = world.runningPid();
    await expect.poll(() => startedBy(pid), calm).toEqual([]);
    expect((await world.helper(['daemon', 'stop'])).code).toBe(0);
    await expect.poll(() => processesWith(world.folder), calm).toEqual([]);
    expect(world.daemonPid()).toBeUndefined();
  },
);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

function inWords({ counts, killed, cut, expired, rss }: Soaked): string {
  const asked = Object.entries(counts).map(([request, n]) => `${n} × ${request}`);
  const [early, late] = [rss.early, rss.late].map((bytes) => `${Math.round(bytes / MIB)} MiB`);
  return `${asked.join(', ')}; ${killed.length} daemons killed, ${cut.length} requests cut by it; ${expired} sessions expired; RSS ${early}, then ${late}`;
}
