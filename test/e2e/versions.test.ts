/** After an update client and daemon are of different versions for a while. Builds of 1, 2 and 3 meet here. */
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildVersion } from '../support/builds.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { isOver } from '../support/processes.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import type { RunOptions } from '../support/world.ts';

const MANY = 12;
const OLDER =
  'helper: the daemon is of an older version, and stays until its session has ended; `helper daemon restart` replaces it now\n';

let here: SignedIn;
let two: string;
let three: string;
beforeAll(async () => {
  [two, three] = [buildVersion(2), buildVersion(3, 2)];
  here = await loggedInByPassword();
});
afterEach(() => here.world.helper(['daemon', 'stop']));
afterAll(async () => {
  await here.close();
  for (const main of [two, three]) rmSync(dirname(dirname(dirname(main))), { recursive: true });
});

/** `helper` of another version than that in PATH, which is 1. */
const run = (main: string, args: readonly string[], options?: RunOptions) =>
  here.world.run([main, ...args], options);
const pidOf = () => here.world.runningPid();
const daemonIn = ({ stdout }: { stdout: string }): number => JSON.parse(stdout).daemon.pid;

test('a newer client has an idle older daemon make room, and is served by its own', async () => {
  await here.world.helper(['daemon', 'start']);
  const old = pidOf();
  const status = await run(two, ['status', '--json']);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(daemonIn(status)).toBe(pidOf());
  expect(pidOf()).not.toBe(old);
  await isOver(old);
  expect(here.world.log()).toContain('"why":"a newer helper"');
});

test('so do many newer clients at once, and all are served by one', async () => {
  await here.world.helper(['daemon', 'start']);
  const old = pidOf();
  const all = await Promise.all(Array.from({ length: MANY }, () => run(two, ['status', '--json'])));
  expect(all.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(Array(MANY).fill('0 '));
  expect(new Set(all.map(daemonIn))).toEqual(new Set([pidOf()]));
  expect(pidOf()).not.toBe(old);
});

test('an older daemon with a session is used, which is said, and replaced once that has ended', async () => {
  const key = await unlockFromStdin(here);
  const old = pidOf();
  const got = await run(two, ['get-session', '--no-input']);
  expect(got).toEqual({ code: 0, signal: null, stdout: `${key}\n`, stderr: OLDER });
  expect(pidOf()).toBe(old);

  expect(await run(two, ['lock'])).toMatchObject({ code: 0, stderr: 'Locked.\n' });
  expect(pidOf()).toBe(old);
  const status = await run(two, ['status', '--json']);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(daemonIn(status)).not.toBe(old);
});

test('an older daemon that somebody waits for is used as well', async () => {
  const asked = openTerminal({ command: ['helper', 'get-session'], env: here.world.env });
  await asked.sees(/Master password/);
  const old = pidOf();
  const status = await run(two, ['status', '--json']);
  expect(status).toMatchObject({ code: 0, stderr: OLDER });
  expect(daemonIn(status)).toBe(old);
  asked.types(`${here.server.account.password}\r`);
  await asked.sees(/[A-Za-z0-9+/]{86}==/);
  expect((await asked.exit).code).toBe(0);
});

test('daemon status, lock and stop of a newer client take an older daemon as it is', async () => {
  await here.world.helper(['daemon', 'start']);
  const old = pidOf();
  const status = await run(two, ['daemon', 'status']);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toContain(`pid ${old}`);
  expect(await run(two, ['lock'])).toMatchObject({ code: 0, stderr: 'Already locked.\n' });
  expect(pidOf()).toBe(old);
  expect(await run(two, ['daemon', 'stop'])).toMatchObject({ code: 0, stderr: 'Stopped.\n' });
});

test('an older client never replaces a newer daemon, idle as it is', async () => {
  await run(two, ['daemon', 'start']);
  const newer = pidOf();
  const status = await here.world.helper(['status', '--json']);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(daemonIn(status)).toBe(newer);
  expect(pidOf()).toBe(newer);
});

test('a client that is too old for the daemon is told so, and can still lock and stop', async () => {
  await run(three, ['daemon', 'start']);
  const newer = pidOf();
  const got = await here.world.helper(['get-session']);
  expect(got).toMatchObject({ code: 79, stdout: '' });
  expect(got.stderr).toMatch(
    /^helper: This `helper` is older than the daemon that runs, .*\n.*\n$/,
  );
  // Not too old for version 3: the oldest it serves is 2.
  expect((await run(two, ['status'])).code).toBe(0);
  expect(await here.world.helper(['lock'])).toMatchObject({ code: 0 });
  expect(pidOf()).toBe(newer);
  expect(await here.world.helper(['daemon', 'stop'])).toMatchObject({ stderr: 'Stopped.\n' });
});

test('a field of hello that only a newer client knows is passed over; of any other request it is refused', async () => {
  await here.world.helper(['daemon', 'start']);
  const hello = { version: 1, can: [], label: 'raw', mood: 'fine' };
  const answers = await askFrames([
    { id: 1, method: 'hello', params: hello },
    { id: 2, method: 'daemon.info', params: {} },
    { id: 3, method: 'daemon.info', params: { mood: 'fine' } },
  ]);
  expect(answers.get(1)).toMatchObject({ result: { version: 1, pid: pidOf() } });
  expect(answers.get(2)).toMatchObject({ result: { pid: pidOf(), live: false } });
  expect(answers.get(3)).toMatchObject({ error: { data: { name: 'bad-request' } } });
});

/** The protocol by hand: the answers by their ids. */
async function askFrames(frames: readonly object[]) {
  const socket = connect(join(here.world.runtimeDir, 'bw-helper', 'socket'));
  socket.write(frames.map((frame) => `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`).join(''));
  const answers = new Map<number, object>();
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    for (const line of text.split('\n').slice(0, -1))
      answers.set(JSON.parse(line).id, JSON.parse(line));
    if (answers.size === frames.length) break;
  }
  return answers;
}
