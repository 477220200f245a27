import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { askRaw } from '../support/raw-client.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';

const REWRITER = fileURLToPath(new URL('../fixtures/rewrites-in-place.ts', import.meta.url));
const RAW_CALLS = 880;
const HELPER_CALLS = 120;

let here: SignedIn;
let rewriter: ChildProcess | undefined;
beforeAll(async () => {
  here = await loggedInByPassword();
});
afterAll(async () => {
  rewriter?.kill('SIGKILL');
  await here.close();
});

// A start of Node costs some 60 ms of a core, so that most of the thousand are made without one.
test('while another program rewrites data.json in place, 1000 calls (880 on the socket, 120 by `helper`) give the right key, and none ends the session', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here);
  const { countOfWrites } = await startRewriter();

  const socket = join(world.runtimeDir, 'bw-helper', 'socket');
  // A failure stands in the place of the key, so that a red test tells which it was.
  const raw = async () => {
    const { result, error } = await askRaw(socket, 'session.get');
    return result?.key ?? error;
  };
  const helper = async () => {
    const { stdout, stderr } = await world.helper(['get-session', '--no-input']);
    return stdout || stderr;
  };
  const [fromSocket, fromHelper] = await Promise.all([
    inLanes(4, RAW_CALLS, raw),
    inLanes(2, HELPER_CALLS, helper),
  ]);

  expect(new Set(fromSocket)).toEqual(new Set([key]));
  expect(new Set(fromHelper)).toEqual(new Set([`${key}\n`]));
  expect(fromSocket.length + fromHelper.length).toBe(1_000);
  // It was at work all the time: some 10 ms a turn.
  expect(await countOfWrites()).toBeGreaterThan(50);

  const logged = (words: string) => world.log().split(words).length - 1;
  expect(logged('"command":"unlock"')).toBe(1);
  expect(logged('"msg":"session opened"')).toBe(1);
  expect(logged('"msg":"session ended"')).toBe(0);
  const list = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect(list.stdout).toContain('Fern forum');
});

async function startRewriter() {
  const file = join(here.world.dataDir, 'data.json');
  const child = spawn(process.execPath, [REWRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  rewriter = child;
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  await once(child.stdout, 'data');
  return {
    async countOfWrites() {
      child.kill('SIGTERM');
      await once(child, 'close');
      return Number(said.trim().split('\n').at(-1));
    },
  };
}

/** `count` results, `lanes` of them under way at a time. */
async function inLanes<T>(lanes: number, count: number, one: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let started = 0;
  const lane = async () => {
    while (started++ < count) results.push(await one());
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
