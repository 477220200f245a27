/** The audit as a person reads it, after a real life of the daemon: who got what, granted or refused. */
import { mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditLine } from '../../shared/audit.ts';
import { succeeded } from '../support/kept-secret.ts';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';

let here: SignedIn;
let state: string;
let file: string;
beforeAll(async () => {
  here = await signedIn();
  state = here.world.stateDir;
  file = join(state, 'audit.jsonl');
});
afterAll(() => here.close());

async function lines(...args: string[]): Promise<AuditLine[]> {
  const printed = succeeded(await here.world.helper(['audit', '--json', ...args]));
  return printed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function newest(what: string): Promise<AuditLine | undefined> {
  return (await lines()).findLast((line) => line.what === what);
}

test('storing the secret and the login are there, with who did it', async () => {
  const all = await lines();
  expect(all.map(({ what, outcome, profile }) => [what, outcome, profile])).toEqual([
    ['secret.set', 'granted', 'default'],
    ['account.login', 'granted', 'default'],
  ]);
  for (const { at, caller } of all) {
    expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(10 * 60_000);
    expect(caller?.uid).toBe(process.getuid?.());
  }
});

test('a session that is refused, opened, handed out and ended is told step by step', async () => {
  const { world } = here;
  const before = (await lines()).length;
  expect(await world.helper(['get-session'])).toMatchObject({ code: 11 });
  await unlockFromStdin(here);
  succeeded(await world.helper(['get-session']));
  succeeded(await world.helper(['lock']));
  succeeded(await world.helper(['status']));
  const told = (await lines()).slice(before);
  expect(told.map(({ what, outcome, error, why }) => [what, outcome, error ?? why])).toEqual([
    ['session.get', 'refused', 'vault-locked'],
    ['session.get', 'granted', undefined],
    ['session.get', 'granted', undefined],
    ['session.end', 'ended', 'asked'],
    ['session.lock', 'granted', undefined],
  ]);
});

test('a session that ends by its limit is told, with nobody as its caller', async () => {
  await unlockFromStdin(here, ['--idle', '1s']);
  let ended: AuditLine | undefined;
  while (ended?.why !== 'idle') ended = await newest('session.end');
  expect(ended).toMatchObject({ outcome: 'ended', why: 'idle', profile: 'default' });
  expect(ended.caller).toBeUndefined();
});

testOnLinux('the terminal, the program and what started it are told', async () => {
  const terminal = openTerminal({
    command: ['sh', '-c', 'helper get-session --no-input; echo done'],
    env: here.world.env,
  });
  await terminal.sees(/done/);
  await terminal.exit;
  const { caller } = (await newest('session.get')) ?? {};
  expect(caller).toMatchObject({
    label: terminal.path.replace('/dev/', ''),
    program: process.execPath,
    parent: expect.stringMatching(/sh$/),
    parentPid: terminal.pid,
  });
});

test('people get one line each, the newest last, as many as they want', async () => {
  succeeded(await here.world.helper(['sync']));
  const shown = succeeded(await here.world.helper(['audit', '--tail', '1']));
  expect(shown).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}granted {2}vault\.sync {2}\[default\]/);
  expect(shown.split('\n')).toHaveLength(1);
  expect(await lines('--tail', '2')).toHaveLength(2);
});

testOnLinux('a full disk keeps nobody from their session, and status tells', async () => {
  await unlockFromStdin(here);
  rmSync(file);
  symlinkSync('/dev/full', file);
  succeeded(await here.world.helper(['get-session']));
  const status = succeeded(await here.world.helper(['status']));
  expect(status).toContain(`problem   the audit ${file} cannot be written: no space is left`);
  rmSync(file);
  succeeded(await here.world.helper(['get-session']));
  expect(succeeded(await here.world.helper(['status']))).not.toContain('the audit');
  // The line that waited, and its own.
  expect(await lines()).toHaveLength(2);
});

test('nobody else may read it, and it is read without a daemon', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  succeeded(await here.world.helper(['daemon', 'stop']));
  expect(await newest('daemon.stop')).toMatchObject({ outcome: 'granted' });
  expect(here.world.daemonPid()).toBeUndefined();
});

test('what is no audit is named: another folder there', async () => {
  rmSync(file);
  mkdirSync(file);
  expect(await here.world.helper(['audit'])).toMatchObject({ code: 77, stdout: '' });
  rmSync(file, { recursive: true });
});
