import { chmodSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createVerbs } from '../../../../daemon/bw/verbs.ts';
import type { Clock } from '../../../../daemon/system/clock.ts';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { staged } from '../../../../daemon/vault/staged.ts';
import { failure } from '../../../../shared/errors.ts';
import { Secret } from '../../../../shared/secret.ts';
import { testAsUser } from '../../../support/test-where.ts';
import {
  folderWith,
  hastyClock,
  leftBy,
  loggedIn,
  SLOT_KEY,
  session,
  USER,
} from '../vault/samples.ts';

const LAST_SYNC = `user_${USER}_sync_lastSync`;

/** What every test here has alike. */
function common(clock: Clock) {
  return {
    scratch: folderWith(),
    clock,
    platform: process.platform,
    random: () => 'x',
    context: (secrets: readonly Secret[]) => ({ dataDir: '', secrets }),
    atRest: () => 'keychain' as const,
  };
}

/** A login by a bw that leaves `left` and ends with `exitCode`; which other bw ran after it. */
async function loginLeaving(left: Record<string, unknown>, exitCode: number) {
  const clock = hastyClock();
  const dataFile = openDataFile(folderWith({}), { clock, platform: process.platform });
  const ran: string[] = [];
  const ended = { exitCode, signal: null, stderr: '', stopped: undefined, durationMs: 0 };
  const verbs = createVerbs({
    dataFile,
    ...common(clock),
    stage: staged,
    async run(folder, args) {
      ran.push(args.join(' '));
      writeFileSync(join(folder, 'data.json'), JSON.stringify({ ...left, [LAST_SYNC]: 'now' }));
      return { ...ended, exitCode: 0, stdout: new Secret('done') };
    },
  });
  await verbs.loginBy({
    server: undefined,
    clientSecret: undefined,
    async bw(folder) {
      writeFileSync(join(folder, 'data.json'), JSON.stringify(left));
      return ended;
    },
    whyNot: () => failure('login-failed'),
  });
  return { ran, json: await dataFile.read() };
}

test.each([
  ['ended well, but without fetching the vault', 0, { [LAST_SYNC]: null }],
  ['ended with 1, although it is logged in', 1, {}],
])('a login that %s is followed by a sync', async (_, exitCode, more) => {
  const { ran, json } = await loginLeaving(loggedIn(more), exitCode);
  expect(ran).toEqual(['sync --force --nointeraction']);
  expect(json?.[LAST_SYNC]).toBe('now');
});

test('one that fetched it is not', async () => {
  expect((await loginLeaving(loggedIn(), 0)).ran).toEqual([]);
});

test('one after which nobody is logged in fails with its reason', async () => {
  const left = leftBy('2026.9.0-logged-out');
  await expect(loginLeaving(left, 0)).rejects.toThrow('bw did not log in');
});

test('no key is left of an unlock whose copy could not be installed', async () => {
  const clock = hastyClock();
  const dataFile = openDataFile(folderWith({}), { clock, platform: process.platform });
  const [keys, stdouts]: [Secret[], Secret[]] = [[], []];
  const verbs = createVerbs({
    dataFile,
    ...common(clock),
    // Others change the same keys each time.
    async stage(_, { run }) {
      for (let tries = 0; tries < 3; tries += 1)
        keys.push((await run(dataFile.folder)) as unknown as Secret);
      throw failure('data-file-busy', { file: dataFile.file });
    },
    async run() {
      const stdout = new Secret(`${session().key.reveal()}\n`);
      stdouts.push(stdout);
      return { exitCode: 0, signal: null, stdout, stderr: '', stopped: undefined, durationMs: 0 };
    },
  });
  const secret = { clientId: 'user.x', clientSecret: new Secret('s3cr3t') };
  const unlocked = verbs.unlock(new Secret('right'), secret);
  await expect(unlocked).rejects.toMatchObject({ name: 'data-file-busy' });
  expect(keys).toHaveLength(3);
  expect([...keys, ...stdouts].filter(({ empty }) => !empty)).toEqual([]);
});

test('a key of which nothing tells whether it opens the vault is kept, or nobody could lock it', async () => {
  const clock = hastyClock();
  const dataFile = openDataFile(folderWith({ stateVersion: 1 }), {
    clock,
    platform: process.platform,
  });
  const kept: Secret[] = [];
  const verbs = createVerbs({
    dataFile: {
      ...dataFile,
      async checkKey(key) {
        kept.push(key);
        return 'unknown';
      },
    },
    ...common(clock),
    stage: staged,
    async run(_, args) {
      if (args.includes('--check')) throw failure('too-many-files', { problem: 'no more' });
      const stdout = new Secret(`${session().key.reveal()}\n`);
      return { exitCode: 0, signal: null, stdout, stderr: '', stopped: undefined, durationMs: 0 };
    },
  });
  const key = await verbs.unlock(new Secret('right'), undefined);
  expect(kept).toEqual([key]);
  expect(key.empty).toBe(false);
});

/** Whose bw always fails, with words that are not known. */
function failingOn(scratch: string, folder = folderWith({})) {
  const clock = hastyClock();
  return createVerbs({
    dataFile: openDataFile(folder, { clock, platform: process.platform }),
    ...common(clock),
    scratch,
    stage: async (_, { run }) => await run(scratch),
    run: async () => ({
      exitCode: 1,
      signal: null,
      stdout: new Secret(''),
      stderr: 'Unable to initialize local user data key.',
      stopped: undefined,
      durationMs: 0,
    }),
  });
}

test('a bw that fails where nothing can be written is no failure of bw, whatever it says', async () => {
  const file = join(folderWith(), 'file');
  writeFileSync(file, '');
  const secret = { clientId: 'user.x', clientSecret: new Secret('s3cr3t') };
  await expect(failingOn(folderWith()).sync(secret)).rejects.toMatchObject({ name: 'bw-failed' });
  await expect(failingOn(file).sync(secret)).rejects.toThrow(`${file} cannot be written: `);
});

testAsUser('what counts is the folder to which a linked data.json leads', async () => {
  const [folder, dotfiles] = [folderWith(), folderWith({})];
  symlinkSync(join(dotfiles, 'data.json'), join(folder, 'data.json'));
  chmodSync(folder, 0o500);
  const synced = failingOn(folderWith(), folder).sync(undefined);
  await expect(synced).rejects.toMatchObject({ name: 'bw-failed' });
  expect(readdirSync(dotfiles)).toEqual(['data.json']);
});

/** An unlock whose bw was ended when it had written its slot; `prints`: and its key as well. */
async function cutUnlock({ inCopy, prints }: { inCopy: boolean; prints: boolean }) {
  const clock = hastyClock();
  const folder = folderWith(loggedIn());
  const dataFile = openDataFile(folder, { clock, platform: process.platform });
  const cutting = new AbortController();
  const ofBw = session();
  let stdout = new Secret('');
  const verbs = createVerbs({
    dataFile,
    ...common(clock),
    stage: staged,
    async run(where, _, { cut }) {
      expect(where === folder).toBe(!inCopy);
      expect(cut).toBe(cutting.signal);
      writeFileSync(
        join(where, 'data.json'),
        JSON.stringify({ ...loggedIn(), [SLOT_KEY]: ofBw.slot }),
      );
      stdout = new Secret(prints ? `${ofBw.key.reveal()}\n` : '');
      cutting.abort(failure('prompt-cancelled'));
      const ended = { exitCode: null, signal: 'SIGTERM', stderr: '', durationMs: 0 } as const;
      return { ...ended, stdout, stopped: 'aborted' };
    },
  });
  const secret = { clientId: 'user.x', clientSecret: new Secret('s3cr3t') };
  const unlocked = verbs.unlock(new Secret('right'), inCopy ? secret : undefined, cutting.signal);
  const outcome = await unlocked.catch((thrown) => thrown.name);
  expect(stdout.empty).toBe(true);
  return { outcome, key: ofBw.key, slot: (await dataFile.read())?.[SLOT_KEY] };
}

test('what an unlock on a copy had opened when it was cut short is not installed', async () => {
  for (const prints of [true, false])
    expect(await cutUnlock({ inCopy: true, prints })).toMatchObject({
      outcome: prints ? 'prompt-cancelled' : 'bw-failed',
      slot: undefined,
    });
});

test('what one in the real folder had opened is given for the lock, or goes where nobody has the key', async () => {
  const { outcome, key, slot } = await cutUnlock({ inCopy: false, prints: true });
  expect(outcome.reveal()).toBe(key.reveal());
  expect(slot).toBeDefined();
  expect(await cutUnlock({ inCopy: false, prints: false })).toMatchObject({
    outcome: 'bw-failed',
    slot: undefined,
  });
});

test('a session that stood there before an unlock was cut short stays', async () => {
  const clock = hastyClock();
  const others = session();
  const dataFile = openDataFile(folderWith(loggedIn({ [SLOT_KEY]: others.slot })), {
    clock,
    platform: process.platform,
  });
  const verbs = createVerbs({
    dataFile,
    ...common(clock),
    stage: staged,
    run: async () => ({
      exitCode: null,
      signal: 'SIGTERM',
      stdout: new Secret(''),
      stderr: '',
      stopped: 'aborted',
      durationMs: 0,
    }),
  });
  await expect(verbs.unlock(new Secret('right'), undefined)).rejects.toThrow('it was stopped');
  expect(await dataFile.checkKey(others.key)).toBe('live');
});
