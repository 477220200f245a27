/**
 * bw goes, comes back as another one, or misbehaves while the daemon runs. Each is named; the daemon is
 * the same afterwards, an open session stays open, and the next unlock works once bw is itself again.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { byPassword } from '../support/by-password.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { isOver, startedBy } from '../support/processes.ts';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { testOnLinux } from '../support/test-where.ts';
import type { World } from '../support/world.ts';

let here: SignedIn;
let world: World;
let bw: string;
let realBw: string;
let pid: number;
beforeAll(async () => {
  here = await loggedInByPassword();
  world = here.world;
  bw = join(world.folder, 'bin', 'bw');
  realBw = realpathSync(bw);
  await world.helper(['daemon', 'start']);
  pid = world.runningPid();
});
beforeEach(itself);
afterAll(() => here.close());

/** bw is what it was. */
function itself(): void {
  rmSync(bw, { force: true });
  symlinkSync(realBw, bw);
}

function becomes(script: string): void {
  rmSync(bw);
  world.program('bw', `#!/bin/sh\n${script}\n`);
}

const unlock = () =>
  world.helper(['get-session', '--password-stdin'], { input: `${here.server.account.password}\n` });

async function written(mark: string): Promise<void> {
  while (!existsSync(mark) || readFileSync(mark, 'utf8') === '')
    await new Promise((look) => setTimeout(look, 10));
}

async function worksAgain(): Promise<void> {
  itself();
  expect(await unlockFromStdin(here)).toHaveLength(88);
  expect(world.daemonPid()).toBe(pid);
  expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
}

test.for([
  ['was removed', () => rmSync(bw), 22, 'The Bitwarden CLI `bw` was not found.'],
  [
    'may not be run',
    () => {
      becomes('exit 0');
      chmodSync(bw, 0o644);
    },
    22,
    'The Bitwarden CLI `bw` was not found.',
  ],
  [
    'may be changed by everybody',
    () => {
      becomes('exit 0');
      chmodSync(bw, 0o777);
    },
    23,
    'everybody may write to',
  ],
  ['crashes', () => becomes('kill -SEGV $$'), 24, 'it was ended by SIGSEGV'],
  ['ends without a word', () => becomes('exit 0'), 24, 'it ended without an answer'],
  [
    'prints rubbish',
    () => becomes('head -c 1000000 /dev/urandom; exit 0'),
    24,
    'it ended without an answer',
  ],
  [
    'fails with rubbish',
    () => becomes('head -c 100000 /dev/urandom >&2; exit 7'),
    24,
    '`bw unlock` failed',
  ],
  [
    'prints 100 MB',
    () => becomes('head -c 100000000 /dev/zero'),
    24,
    'it wrote without end and was stopped',
  ],
  [
    'prints what only looks like a key',
    () => becomes(`printf '%087d=' 1`),
    24,
    '`bw unlock` failed',
  ],
] as const)('a bw that %s is named', async ([, happens, code, says]) => {
  happens();
  const got = await unlock();
  expect(got).toMatchObject({ code, stdout: '' });
  expect(got.stderr).toContain(says);
  expect(got.stderr).toMatch(/^helper: [^\n]+\n {8}[^\n]+\n$/);
  await worksAgain();
});

test('without bw an open session is handed out, held and locked all the same', async () => {
  const key = await unlockFromStdin(here);
  rmSync(bw);
  expect(await world.helper(['get-session'])).toMatchObject({ code: 0, stdout: `${key}\n` });
  expect(await world.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
  expect(await world.helper(['exec', '--', 'true'])).toMatchObject({ code: 0 });
  expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
  expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
  await worksAgain();
});

testOnLinux('what a bw leaves behind is ended with it, and holds up nobody', async () => {
  const mark = join(world.folder, 'left-behind');
  becomes(
    `sh -c 'echo $$ > "${mark}"; exec sleep 600' & while ! [ -s "${mark}" ]; do :; done; exit 3`,
  );
  expect(await unlock()).toMatchObject({ code: 24, stdout: '' });
  await isOver(Number(readFileSync(mark, 'utf8')));
  expect(startedBy(pid)).toEqual([]);
  await worksAgain();
});

// After a login by password it runs in the real folder: the last two have opened the vault.
test.for([
  ['before it did anything', '', 'Already locked.\n'],
  ['when it had printed its key', '"REAL" "$@"; ', 'Locked.\n'],
  ['before it could print its key', '"REAL" "$@" > /dev/null; ', 'Already locked.\n'],
] as const)('a lock ends a bw that hangs %s, and leaves no session', async ([, first, says]) => {
  const mark = join(world.folder, `hangs-${first.length}`);
  becomes(`${first.replace('REAL', realBw)}echo $$ > "${mark}"; exec sleep 987`);
  const asked = unlock();
  await written(mark);
  expect(await world.helper(['lock'])).toMatchObject({ code: 0, stderr: says });
  expect(await asked).toMatchObject({ code: 13, stdout: '' });
  // Not by its deadline.
  const ran = world
    .log()
    .split('\n')
    .findLast((line) => line.includes('"bw ran"'));
  expect(ran).toContain('"stopped":"aborted"');
  await isOver(Number(readFileSync(mark, 'utf8')));
  expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
  expect(await world.helper(['lock'])).toMatchObject({ code: 0, stderr: 'Already locked.\n' });
  await worksAgain();
});

test('what a bw had opened on its copy, and printed, is not installed when a lock ends it', async () => {
  const other = await signedIn();
  try {
    const { world } = other;
    const mark = join(world.folder, 'hangs');
    const link = join(world.folder, 'bin', 'bw');
    rmSync(link);
    world.program('bw', `#!/bin/sh\n"${realBw}" "$@"; echo $$ > "${mark}"; exec sleep 987\n`);
    const input = `${other.server.account.password}\n`;
    const asked = world.helper(['get-session', '--password-stdin'], { input });
    await written(mark);
    expect(await world.helper(['lock'])).toMatchObject({ code: 0, stderr: 'Already locked.\n' });
    expect(await asked).toMatchObject({ code: 13, stdout: '' });
    expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
    expect(readdirSync(join(world.runtimeDir, 'bw-helper')).sort()).toEqual(['lock', 'socket']);
    rmSync(link);
    symlinkSync(realBw, link);
    expect(await unlockFromStdin(other)).toHaveLength(88);
  } finally {
    await other.close();
  }
});

test('a bw that hangs holds up no other command, and ends with the daemon', async () => {
  const mark = join(world.folder, 'hangs');
  becomes(`echo $$ > "${mark}"; trap '' TERM; while :; do sleep 600; done`);
  const asked = unlock();
  await written(mark);
  expect(await world.helper(['status'])).toMatchObject({ code: 0 });
  expect(await world.helper(['daemon', 'stop'])).toMatchObject({ code: 0 });
  const got = await asked;
  expect(got).toMatchObject({ code: 24, stdout: '' });
  expect(got.stderr).toContain('it was stopped before it had finished');
  await isOver(Number(readFileSync(mark, 'utf8')));
});

test('an upgrade under an open session leaves it open; it is noted, and the next unlock runs the newer one', async () => {
  const older = await byPassword({ bw: '2025.4.0' });
  try {
    const { world, fromStdin } = older;
    expect(await fromStdin()).toMatchObject({ code: 0 });
    const key = await unlockFromStdin(older);
    const link = join(world.folder, 'bin', 'bw');
    rmSync(link);
    symlinkSync(realBw, link);
    expect(await world.helper(['exec', '--', 'bw', 'list', 'items'])).toMatchObject({ code: 0 });
    expect(await world.helper(['get-session'])).toMatchObject({ code: 0, stdout: `${key}\n` });
    expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
    expect(await unlockFromStdin(older)).not.toBe(key);
    const changed = world
      .log()
      .split('\n')
      .filter((line) => line.includes('"bw changed"'));
    expect(changed).toEqual([expect.stringMatching(/"level":"warn".*"version":"2026\.9\.0"/)]);
  } finally {
    await older.close();
  }
});
