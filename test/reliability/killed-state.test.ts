/** The daemon is killed at each step of the writes of its own small files: settings, audit, marks. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nameOf } from '../../daemon/open-marks.ts';
import { killAtEach, missing, testTraced } from '../support/kill-at-each.ts';
import { loggedInByPassword } from '../support/password-login.ts';
import type { SignedIn } from '../support/signed-in.ts';
import type { World } from '../support/world.ts';

/** Of `daemon-gone`. */
const GONE = 40;
const AUDIT_BYTES = 4 * 1024 * 1024;

let here: SignedIn;
let world: World;
beforeAll(async () => {
  if (missing) return;
  here = await loggedInByPassword();
  world = here.world;
});
afterAll(() => here?.close());

const markName = () => nameOf({ profile: 'default', dataDir: world.dataDir });
const acknowledged = async (args: readonly string[]) => (await world.helper(args)).code === 0;

describe('killed at each step of', () => {
  testTraced('`helper config set`: the old settings, or the new ones', async () => {
    await neverHalf(['config', 'set', 'idle', '7m'], 'idle = "7m"');
  });

  testTraced('`helper profile add`: the old settings, or the new ones', async () => {
    await neverHalf(['profile', 'add', 'work', '--email', 'w@example.test'], '[profiles.work]');
  });

  async function neverHalf(args: readonly string[], adds: string): Promise<void> {
    const folder = join(world.home, '.config', 'bw-helper');
    const read = () => readFileSync(join(folder, 'config.toml'), 'utf8');
    const old = `# of the person\n${read()}`;
    let whole: string | undefined;
    const died = await killAtEach(world, {
      prepare: async () => world.settings(old),
      act: async () => {
        const done = await acknowledged(args);
        // The first time nobody kills it.
        whole ??= read();
        return done;
      },
      touches: /config\.toml|config\/bw-helper>/,
      async check(done) {
        expect(whole).toContain(adds);
        expect(done ? [whole] : [old, whole]).toContain(read());
        expect(await world.helper(['config', 'check'])).toMatchObject({ code: 0 });
      },
      each: true,
    });
    for (const call of ['write', 'fsync', 'rename']) expect(died).toContain(call);
    // What was written aside goes with the next write.
    world.settings(old);
    expect(await acknowledged(args)).toBe(true);
    expect(readdirSync(folder)).toEqual(['config.toml']);
    expect(read()).toBe(whole);
  }

  testTraced('a line of the audit, also where it is the last of its file', async () => {
    const folder = world.stateDir;
    const file = join(folder, 'audit.jsonl');
    const old = `${JSON.stringify({ at: new Date().toISOString(), what: 'session.get', outcome: 'granted' })}\n`;
    const almostFull = old.repeat(Math.floor((AUDIT_BYTES - 1) / old.length));
    const died = await killAtEach(world, {
      async prepare() {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(file, almostFull, { mode: 0o600 });
        rmSync(`${file}.1`, { force: true });
      },
      // Where nothing runs any more it is content too, in other words.
      act: async () => (await world.helper(['lock'])).stderr === 'Already locked.\n',
      touches: /audit\.jsonl/,
      async check(done) {
        const lines = [`${file}.1`, file]
          .filter((one) => existsSync(one))
          .flatMap((one) => readFileSync(one, 'utf8').split('\n').filter(Boolean));
        const news = lines.filter((line) => line !== old.trimEnd());
        expect(lines.length - news.length).toBe(almostFull.length / old.length);
        // The daemon that lived on has one more, of its end.
        const locks = news.filter((line) => JSON.parse(line).what === 'session.lock');
        expect(done ? [1] : [0, 1]).toContain(locks.length);
        expect(await world.helper(['audit'])).toMatchObject({ code: 0, stderr: '' });
      },
      each: true,
    });
    for (const call of ['write', 'rename']) expect(died).toContain(call);
  });

  testTraced('the mark of an open vault: none, or one that tells which vault', async () => {
    const marks = join(world.stateDir, 'open');
    const died = await killAtEach(world, {
      prepare: async () => {},
      // Sets the mark, finds nobody to ask, and takes it away.
      async act() {
        const { code } = await world.helper(['get-session', '--no-input', '--wait', '1s']);
        return code !== GONE;
      },
      touches: /bw-helper\/open\b/,
      async check(done) {
        const left = existsSync(marks) ? readdirSync(marks) : [];
        if (done) expect(left).toEqual([]);
        if (left.includes(markName()))
          expect(readFileSync(join(marks, markName()), 'utf8')).toBe(world.dataDir);
        expect(await world.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
        expect(readdirSync(marks)).not.toContain(markName());
      },
      each: true,
    });
    for (const call of ['write', 'rename', 'unlink']) expect(died).toContain(call);
  });
});
