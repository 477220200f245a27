/** The daemon holds secrets: what it shows of itself, and what it took from whoever started it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../support/world.ts';

describe.skipIf(process.platform !== 'linux')('a running daemon', () => {
  let world: World;
  let proc: string;

  beforeAll(async () => {
    world = createWorld();
    await world.helper(['daemon', 'start'], {
      env: { BW_SESSION: 'a key', BW_CLIENTSECRET: 'a secret', NODE_OPTIONS: '--no-warnings' },
      cwd: world.home,
    });
    proc = `/proc/${world.daemonPid()}`;
  });
  afterAll(() => world.close());

  test('leaves no core dump, and cannot be read by others of the same user', () => {
    expect(read('limits')).toMatch(/^Max core file size +0 +0 /m);
    const [, fields] = /({.*"msg":"ready".*})/.exec(world.log()) ?? [];
    expect(JSON.parse(fields ?? '{}')).toMatchObject({ coreLimitZero: true, notDumpable: true });
  });

  test('opens no inspector when it gets SIGUSR1, as it has no ear for it', () => {
    const caught = BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(read('status'))?.[1]}`);
    const SIGUSR1 = 10n;
    expect(caught & (1n << (SIGUSR1 - 1n))).toBe(0n);
    // The same look finds a signal that it does listen to.
    const SIGTERM = 15n;
    expect(caught & (1n << (SIGTERM - 1n))).not.toBe(0n);
  });

  test('is on no network', () => {
    const ours = new Set(
      readdirSync(`${proc}/fd`)
        .map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`${proc}/fd/${fd}`))?.[1])
        .filter((inode) => inode !== undefined),
    );
    const inodes = (table: string) =>
      read(table)
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
    const network = ['net/tcp', 'net/tcp6', 'net/udp', 'net/udp6'].flatMap(inodes);
    expect(network.filter((fields) => ours.has(fields[9] ?? ''))).toEqual([]);
    // The same look finds its socket among the local ones.
    expect(inodes('net/unix').filter((fields) => ours.has(fields[6] ?? ''))).not.toEqual([]);
  });

  test('has nothing of whoever started it: neither folder nor descriptors nor secrets', () => {
    expect(readlinkSync(`${proc}/cwd`)).toBe('/');
    expect([0, 1, 2].map((fd) => readlinkSync(`${proc}/fd/${fd}`))).toEqual(
      Array(3).fill('/dev/null'),
    );
    const names = read('environ')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['HOME', 'PATH', 'XDG_RUNTIME_DIR']));
    for (const name of ['BW_SESSION', 'BW_CLIENTSECRET', 'NODE_OPTIONS', 'TERM'])
      expect(names).not.toContain(name);
  });

  function read(file: string): string {
    return readFileSync(`${proc}/${file}`, 'utf8');
  }
});
