/** The disk is full: what a person reads, that nothing is lost, and that the same daemon goes on with room again. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { nameOf } from '../../daemon/open-marks.ts';
import { disks, kept, onDisk, problems } from '../support/kept-on-disk.ts';
import { succeeded } from '../support/kept-secret.ts';
import type { SmallDisk } from '../support/small-disk.ts';

const FULL = /cannot be written: no space is left\./;
const NEXT = 'another-secret-of-the-tests';

/** A disk over this folder, and a daemon that was started on it. */
async function diskOver(folder: string, { empty = false, full = false } = {}): Promise<SmallDisk> {
  await kept.helper(['daemon', 'stop']);
  const disk = disks.over(folder);
  if (empty)
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  if (full) disk.fill();
  succeeded(await kept.helper(['daemon', 'start']));
  return disk;
}

const markName = () => nameOf({ profile: 'default', dataDir: kept.world.dataDir });

/** Files below a folder that hold client_secret in clear. */
const withSecret = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(kept.server.account.clientSecret));

function nowhereInClear(): void {
  for (const folder of [kept.world.home, kept.world.runtimeDir])
    expect(withSecret(folder)).toEqual([]);
}

describe('a full disk under', () => {
  onDisk('log, audit and marks stops nobody, is told, and takes it all later', async () => {
    const { world } = kept;
    const disk = await diskOver(world.stateDir, { empty: true, full: true });
    const pid = world.daemonPid();
    const key = succeeded(await kept.unlock());
    const told = (await problems()).join('\n');
    for (const file of ['daemon.log', 'audit.jsonl', join('open', markName())])
      expect(told).toContain(`${join(world.stateDir, file)} cannot be written: no space is left.`);
    expect(readFileSync(join(world.stateDir, 'audit.jsonl'), 'utf8')).toBe('');
    expect(readdirSync(world.stateDir)).not.toContain('open.new');

    disk.free();
    expect(await problems()).toEqual([]);
    expect(world.daemonPid()).toBe(pid);
    expect(succeeded(await kept.helper(['get-session']))).toBe(key);
    const gets = succeeded(await kept.helper(['audit'])).match(/granted {2}session\.get/g);
    expect(gets).toHaveLength(2);
    expect(world.log()).toMatch(/"msg":"ready".*"msg":"session opened"/s);
    expect(readFileSync(join(world.stateDir, 'open', markName()), 'utf8')).toBe(world.dataDir);
    succeeded(await kept.helper(['lock']));
    expect(readdirSync(join(world.stateDir, 'open'))).toEqual([]);
  });

  onDisk('the settings leaves them as they are', async () => {
    const folder = join(kept.world.home, '.config', 'bw-helper');
    const read = () => readFileSync(join(folder, 'config.toml'), 'utf8');
    const before = read();
    const disk = await diskOver(folder, { full: true });
    for (const args of [
      ['config', 'set', 'idle', '7m'],
      ['profile', 'add', 'work', '--email', 'w@example.test'],
    ]) {
      expect(await kept.helper(args)).toMatchObject({
        code: 73,
        stderr: expect.stringMatching(FULL),
      });
      expect(read()).toBe(before);
      expect(readdirSync(folder).toSorted()).toEqual(['config.toml', 'filler']);
    }
    disk.free();
    succeeded(await kept.helper(['config', 'set', 'idle', '7m']));
    expect(read()).toContain('idle = "7m"');
  });

  onDisk('the keychain file leaves what was stored', async () => {
    const { clientId, clientSecret } = kept.server.account;
    const folder = join(kept.world.home, '.local', 'share', 'bw-helper');
    const file = join(folder, 'keychain.json');
    const before = readFileSync(file, 'utf8');
    const disk = await diskOver(folder, { full: true });
    const set = () => kept.helper(['secret', 'set'], `${clientId}\n${NEXT}\n`);
    const answer = async () => succeeded(await kept.helper(['answer', 'client-secret']));
    expect(await set()).toMatchObject({ code: 20, stderr: expect.stringMatching(FULL) });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder).toSorted()).toEqual(['filler', 'keychain.json']);
    expect(await answer()).toBe(clientSecret);
    disk.free();
    succeeded(await set());
    expect(await answer()).toBe(NEXT);
  });

  onDisk('data.json: no half login, and no secret in clear', async () => {
    const { world } = kept;
    await kept.beLoggedIn(false);
    const file = join(world.dataDir, 'data.json');
    const disk = await diskOver(world.dataDir, { empty: true, full: true });
    const pid = world.daemonPid();
    for (let tries = 0; tries < 2; tries += 1) {
      const login = await kept.login();
      expect(login).toMatchObject({ code: 30, stderr: expect.stringMatching(FULL) });
      expect(login.stderr).toContain(file);
      expect(readdirSync(world.dataDir).toSorted()).toEqual(['bw-helper.lock', 'filler']);
      nowhereInClear();
    }
    disk.free();
    succeeded(await kept.login());
    expect(world.daemonPid()).toBe(pid);
    expect(readFileSync(join(world.dataDir, 'bw-helper.lock'), 'utf8')).toContain(`pid ${pid}`);
    nowhereInClear();
  });

  onDisk('data.json: the session stays, and a sync is done when there is room', async () => {
    const { world } = kept;
    await kept.beLoggedIn(true);
    const disk = await diskOver(world.dataDir);
    const key = succeeded(await kept.unlock());
    const before = kept.data();
    disk.fill();
    const pid = world.daemonPid();
    expect(await kept.sync()).toMatchObject({ code: 30, stderr: expect.stringMatching(FULL) });
    expect(kept.data()).toBe(before);
    expect(succeeded(await kept.helper(['get-session']))).toBe(key);
    expect(kept.stagedFolders()).toEqual([]);
    nowhereInClear();

    expect(await kept.helper(['logout'])).toMatchObject({ code: 30 });
    expect(kept.data()).toBe(before);

    disk.free();
    succeeded(await kept.sync());
    expect(world.daemonPid()).toBe(pid);
    nowhereInClear();
  });

  onDisk(
    'data.json at a limit: the key is gone, status tells, and it locks by itself',
    async () => {
      const { world } = kept;
      await kept.beLoggedIn(true);
      const disk = await diskOver(world.dataDir);
      await kept.helper(['config', 'set', 'idle', '1s']);
      succeeded(await kept.unlock());
      disk.fill();
      const pid = world.daemonPid();
      let told: string[] = [];
      while (told.length === 0) told = await problems();
      expect(told.join()).toMatch(
        /the vault could not be locked: .*data\.json cannot be written: no space is left\. It is retried by itself/,
      );
      expect(await kept.helper(['get-session', '--no-input'])).toMatchObject({
        code: 11,
        stdout: '',
      });
      expect(await kept.helper(['lock'])).toMatchObject({ code: 43 });
      expect(kept.data()).toContain('_user_auto');

      disk.free();
      // Nobody asks for it.
      while (kept.data().includes('_user_auto'))
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await problems()).toEqual([]);
      expect(world.daemonPid()).toBe(pid);
      succeeded(await kept.helper(['config', 'unset', 'idle']));
    },
  );

  onDisk('the token renewal is told of, and leaves the session', async () => {
    const { server, world } = kept;
    await kept.beLoggedIn(true);
    const disk = await diskOver(world.dataDir);
    // bw renews below 300 s: the daemon comes before it, while 20 s are left.
    server.setTokenLife({ claimSeconds: 320, acceptedSeconds: 320 });
    succeeded(await kept.sync());
    const key = succeeded(await kept.unlock());
    disk.fill();
    let told: string[] = [];
    while (told.length === 0) told = await problems();
    server.setTokenLife({ claimSeconds: 3_600, acceptedSeconds: 3_600 });
    expect(told.join()).toMatch(
      /^the access token was not renewed: .*data\.json cannot be written: no space is left\. Free the disk/,
    );
    expect(succeeded(await kept.helper(['get-session']))).toBe(key);
    nowhereInClear();
  });

  onDisk('the runtime folder: no staged copy is left, and the daemon starts', async () => {
    const { world } = kept;
    await kept.beLoggedIn(true);
    const runtime = join(world.runtimeDir, 'bw-helper');
    const disk = await diskOver(runtime, { empty: true, full: true });
    const before = kept.data();
    const pages = Math.ceil(JSON.stringify(JSON.parse(before)).length / 4096);
    const unlock = async () => await kept.unlock();
    expect(await kept.helper(['daemon', 'status'])).toMatchObject({ code: 0 });
    // No room for the copy; room for the copy alone, where bw fails.
    for (const room of [0, pages]) {
      disk.fill(room);
      for (const run of [unlock, kept.sync]) {
        const ran = await run();
        expect(ran).toMatchObject({ code: 30, stderr: expect.stringMatching(FULL) });
        expect(ran.stderr).toContain(`helper: ${runtime} cannot`);
        expect(readdirSync(runtime).toSorted()).toEqual(['filler', 'lock', 'socket']);
        expect(kept.data()).toBe(before);
        nowhereInClear();
      }
    }
    disk.free();
    const key = succeeded(await kept.unlock());
    expect(succeeded(await kept.helper(['get-session']))).toBe(key);
  });

  onDisk('stdout of the client is an error, and the session stays', async () => {
    const { world } = kept;
    await kept.beLoggedIn(true);
    const folder = join(world.home, 'small');
    disks.over(folder).fill();
    const key = succeeded(await kept.unlock());
    const ran = await world.run([
      'sh',
      '-c',
      'exec helper get-session > "$0"',
      join(folder, 'key'),
    ]);
    expect(ran).toMatchObject({ code: 81, stdout: '' });
    expect(ran.stderr).toContain('could not be written to stdout');
    expect(statSync(join(folder, 'key')).size).toBe(0);
    expect(succeeded(await kept.helper(['get-session']))).toBe(key);
  });
});
