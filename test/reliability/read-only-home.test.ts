/** What of the home may not be written: what can work works, the rest is told, and the same daemon goes on afterwards. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { disks, kept, onDisk, problems } from '../support/kept-on-disk.ts';
import { succeeded } from '../support/kept-secret.ts';
import type { SmallDisk } from '../support/small-disk.ts';

const READ_ONLY = /cannot be written: the file system is read-only\./;

async function diskOver(folder: string): Promise<SmallDisk> {
  await kept.helper(['daemon', 'stop']);
  return disks.over(folder, 8 * 1024);
}

describe('read-only is', () => {
  onDisk('all of the home: what can work works', async () => {
    const { world } = kept;
    const disk = await diskOver(world.home);
    disk.readOnly();
    const logged = world.log();
    succeeded(await kept.helper(['daemon', 'start']));
    const pid = world.daemonPid();

    for (const args of [['get-session'], ['sync'], ['logout']]) {
      const ran = await kept.helper(args);
      expect(ran).toMatchObject({ code: 30, stderr: expect.stringMatching(READ_ONLY) });
      expect(ran.stderr).toContain(join(world.dataDir, 'bw-helper.lock'));
    }
    const set = await kept.helper(['config', 'set', 'idle', '7m']);
    expect(set).toMatchObject({ code: 73, stderr: expect.stringMatching(READ_ONLY) });
    const deleted = await kept.helper(['secret', 'delete']);
    expect(deleted).toMatchObject({ code: 20, stderr: expect.stringMatching(READ_ONLY) });
    expect(await kept.helper(['lock'])).toMatchObject({ code: 0, stderr: 'Already locked.\n' });
    for (const args of [['audit'], ['daemon', 'logs'], ['secret', 'status'], ['config', 'list']])
      expect(await kept.helper(args)).toMatchObject({ code: 0, stderr: '' });
    const told = (await problems()).join('\n');
    for (const name of ['audit.jsonl', 'daemon.log'])
      expect(told).toContain(
        `${join(world.stateDir, name)} cannot be written: the file system is read-only.`,
      );
    expect(world.log()).toBe(logged);

    disk.writable();
    expect(await problems()).toEqual([]);
    succeeded(await kept.unlock());
    expect(world.daemonPid()).toBe(pid);
    expect(world.log().slice(logged.length)).toMatch(/"msg":"ready".*"msg":"session opened"/s);
    expect(succeeded(await kept.helper(['audit']))).toMatch(
      /refused {2}vault\.sync.*data-file-unwritable/,
    );
  });

  onDisk(
    'data.json while a session is open: the key is given, and a lock comes later',
    async () => {
      const { world } = kept;
      const disk = await diskOver(world.home);
      const key = succeeded(await kept.unlock());
      const pid = world.daemonPid();
      disk.readOnly();
      expect(succeeded(await kept.helper(['get-session']))).toBe(key);
      const lock = await kept.helper(['lock']);
      expect(lock).toMatchObject({ code: 43, stderr: expect.stringMatching(READ_ONLY) });
      expect((await problems()).join()).toContain('the vault could not be locked');
      expect(await kept.helper(['get-session', '--no-input'])).toMatchObject({ stdout: '' });
      disk.writable();
      expect(await problems()).toEqual([]);
      expect(kept.data()).not.toContain('_user_auto');
      expect(readdirSync(join(world.stateDir, 'open'))).toEqual([]);
      expect(world.daemonPid()).toBe(pid);
    },
  );

  onDisk('the settings, with a rest of a daemon that was killed', async () => {
    const folder = join(kept.world.home, '.config', 'bw-helper');
    const disk = await diskOver(folder);
    const rest = join(folder, 'config.toml.bw-helper');
    writeFileSync(rest, 'idle');
    const before = readFileSync(join(folder, 'config.toml'), 'utf8');
    disk.readOnly();
    const set = ['config', 'set', 'idle', '7m'];
    const ran = await kept.helper(set);
    expect(ran).toMatchObject({ code: 73, stderr: expect.stringMatching(READ_ONLY) });
    expect(readFileSync(join(folder, 'config.toml'), 'utf8')).toBe(before);
    disk.writable();
    succeeded(await kept.helper(set));
    expect(existsSync(rest)).toBe(false);
  });

  onDisk('the runtime folder: nothing is staged, and the daemon locks and leaves', async () => {
    const { world } = kept;
    const runtime = join(world.runtimeDir, 'bw-helper');
    const disk = await diskOver(runtime);
    succeeded(await kept.unlock());
    disk.readOnly();
    const sync = await kept.sync();
    expect(sync).toMatchObject({ code: 30, stderr: expect.stringMatching(READ_ONLY) });
    expect(sync.stderr).toContain(`helper: ${runtime} cannot`);
    expect(await kept.helper(['daemon', 'stop'])).toMatchObject({ code: 0 });
    expect(kept.data()).not.toContain('_user_auto');
    expect(world.daemonPid()).toBeUndefined();
    const start = await kept.helper(['daemon', 'start']);
    expect(start).toMatchObject({ code: 30, stderr: expect.stringMatching(READ_ONLY) });
    expect(start.stderr).toContain(join(runtime, 'lock'));
    disk.writable();
    succeeded(await kept.helper(['daemon', 'start']));
  });
});
