/** The daemon is killed at every step of each write: what stands there is the old or the new, and whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type KeptSecret, keepSecret } from '../support/kept-secret.ts';
import { killAtEach, missing, testTraced } from '../support/kill-at-each.ts';

const NEXT = 'another-secret-of-the-tests';
let kept: KeptSecret;
beforeAll(async () => {
  if (!missing) kept = await keepSecret();
});
afterAll(() => kept?.close());

describe('killed at each step of', () => {
  testTraced('`helper secret set`: the old API key, or the new one', async () => {
    const file = join(kept.world.home, '.local', 'share', 'bw-helper', 'keychain.json');
    const folder = join(kept.world.home, '.local', 'share', 'bw-helper');
    const { clientId, clientSecret } = kept.server.account;
    const set = (secret: string) => kept.helper(['secret', 'set'], `${clientId}\n${secret}\n`);
    let before = '';
    const died = await killAtEach(kept.world, {
      async prepare() {
        await set(clientSecret);
        before = readFileSync(file, 'utf8');
      },
      act: async () => (await set(NEXT)).code === 0,
      touches: /keychain\.json|share\/bw-helper>/,
      async check(done) {
        const now = readFileSync(file, 'utf8');
        expect(JSON.parse(now)).toMatchObject({ format: expect.any(String) });
        if (done) expect(now).not.toBe(before);
        const { stdout } = await kept.helper(['answer', 'client-secret']);
        expect(done ? [NEXT] : [clientSecret, NEXT]).toContain(stdout.trim());
        // What was written aside is encrypted, and goes with the next write.
        expect(['keychain.json', 'keychain.json.new']).toEqual(
          expect.arrayContaining(readdirSync(folder)),
        );
      },
    });
    for (const call of ['write', 'fsync', 'rename']) expect(died).toContain(call);
    await set(clientSecret);
    expect(readdirSync(folder)).toEqual(['keychain.json']);
  });

  testTraced(
    '`helper lock`: the vault is open or locked, and somebody is still logged in',
    async () => {
      await kept.beLoggedIn(true);
      const died = await killAtEach(kept.world, {
        prepare: async () => {},
        async act() {
          const unlocked = await kept.unlock();
          return unlocked.code === 0 && (await kept.helper(['lock'])).code === 0;
        },
        touches: /data\.json\b(?!\.lock)/,
        async check(done) {
          const data = kept.data();
          expect(Object.keys(JSON.parse(data))).toContain('global_account_activeAccountId');
          if (done) expect(data).not.toContain('_user_auto');
          expect(await kept.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
        },
      });
      expect(died).toContain('rename');
    },
  );

  testTraced(
    '`helper sync`: the old vault or the new one, and no secret stays in a staged copy',
    async () => {
      await kept.beLoggedIn(true);
      const { clientSecret } = kept.server.account;
      const lastSync = () => /"user_[^"]+_sync_lastSync"[^,]*/.exec(kept.data())?.[0];
      const secretsLeft = () =>
        kept
          .stagedFolders()
          .filter((name) => filesIn(name).some((text) => text.includes(clientSecret)));
      const filesIn = (name: string) => {
        const folder = join(kept.world.runtimeDir, 'bw-helper', name);
        return readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
      };
      let before: string | undefined;
      let leftBehind = 0;
      const died = await killAtEach(kept.world, {
        prepare: async () => {
          before = lastSync();
          expect(before).toBeDefined();
        },
        act: async () => (await kept.sync()).code === 0,
        touches: /staged-|data\.json/,
        async check(done) {
          leftBehind += secretsLeft().length;
          expect(Object.keys(JSON.parse(kept.data()))).toContain('global_account_activeAccountId');
          if (done) expect(lastSync()).not.toBe(before);
          expect(await kept.helper(['status'])).toMatchObject({ code: 0, stderr: '' });
          expect(kept.stagedFolders()).toEqual([]);
        },
      });
      for (const call of ['write', 'fsync', 'rename', 'unlink']) expect(died).toContain(call);
      expect(leftBehind).toBeGreaterThan(0);
      await kept.onlyInStagedCopies();
    },
  );
});
