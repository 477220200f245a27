/** The daemon is killed at each step of its start, and what a killed one left is dealt with by the next. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nameOf } from '../../daemon/open-marks.ts';
import { killAtEach, missing, testTraced } from '../support/kill-at-each.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';
import { leaveStaleSocket, NOBODYS_PID } from '../support/stale.ts';
import type { World } from '../support/world.ts';

const SECRET = 'a-client-secret-in-a-staged-copy';

let here: SignedIn;
let world: World;
beforeAll(async () => {
  if (missing) return;
  here = await loggedInByPassword();
  world = here.world;
});
afterAll(() => here?.close());

const runtime = () => join(world.runtimeDir, 'bw-helper');
const state = () => world.stateDir;

/** One daemon, that can be reached and has all to itself. */
async function expectOne(): Promise<void> {
  expect(await world.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(runtime(), 'lock'), 'utf8')).toBe(`${world.daemonPid()}\n`);
  expect(statSync(runtime()).mode & 0o777).toBe(0o700);
}

describe('killed at each step of a start', () => {
  testTraced('that is the first one ever: the next one starts', async () => {
    const died = await killAtEach(world, {
      async prepare() {
        for (const folder of [runtime(), join(world.home, '.local')])
          rmSync(folder, { recursive: true, force: true });
      },
      touches: /\/(run|state)\/bw-helper|home\/\.local/,
      check: expectOne,
      each: true,
    });
    for (const call of ['mkdir', 'ftruncate', 'write', 'bind']) expect(died).toContain(call);
  });

  testTraced('over what a killed one left: it is locked and cleared by the next', async () => {
    const dataFile = join(world.dataDir, 'data.json');
    await unlockFromStdin(here);
    const open = readFileSync(dataFile, 'utf8');
    expect(open).toContain('_user_auto');
    const marks = join(state(), 'open');
    const mark = nameOf({ profile: 'default', dataDir: world.dataDir });
    const staged = join(runtime(), 'staged-AbCdEf');
    let secretsLeft = 0;
    const died = await killAtEach(world, {
      async prepare() {
        // The bar of the round before.
        rmSync(staged, { recursive: true, force: true });
        mkdirSync(staged, { mode: 0o700 });
        writeFileSync(join(staged, 'data.json'), JSON.stringify({ secret: SECRET }));
        mkdirSync(join(staged, 'data.json.lock'));
        mkdirSync(marks, { recursive: true });
        writeFileSync(join(marks, mark), world.dataDir);
        writeFileSync(dataFile, open);
        writeFileSync(join(runtime(), 'lock'), `${NOBODYS_PID}\n`);
        await leaveStaleSocket(join(runtime(), 'socket'));
      },
      touches: /\/(run|state)\/bw-helper\/|data\.json|bw-helper\.lock/,
      async check() {
        const copy = join(staged, 'data.json');
        if (existsSync(copy)) {
          expect(readFileSync(copy, 'utf8')).toContain(SECRET);
          secretsLeft += 1;
        }
        expect(Object.keys(JSON.parse(readFileSync(dataFile, 'utf8')))).toContain(
          'global_account_activeAccountId',
        );
        await expectOne();
        expect(foldersIn(runtime())).toEqual([]);
        expect(readFileSync(dataFile, 'utf8')).not.toContain('_user_auto');
        expect(readdirSync(marks)).toEqual([]);
      },
      each: true,
    });
    for (const call of ['write', 'fsync', 'rename', 'unlink', 'rmdir', 'bind'])
      expect(died).toContain(call);
    expect(secretsLeft).toBeGreaterThan(0);
    await world.helper(['daemon', 'restart']);
    expect(readdirSync(runtime()).sort()).toEqual(['lock', 'socket']);
  });
});

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
