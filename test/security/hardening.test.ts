/** The daemon holds secrets: what it shows of itself, and what it took from whoever started it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askRaw } from '../support/raw-client.ts';
import { openTerminal } from '../support/terminal.ts';
import { isRoot } from '../support/test-where.ts';
import { createWorld, type World } from '../support/world.ts';

const HIDDEN = 'needs root, to read what the daemon hides';
/** As `flock 60` in a script has it: beyond a gap, where libuv does not look. */
const HELD_FD = 60;
const START = `
  const { openSync } = require('node:fs');
  const stdio = Array(${HELD_FD}).fill('ignore');
  stdio.splice(0, 3, 'inherit', 'inherit', 'inherit');
  stdio.push(openSync('held', 'w'));
  require('node:child_process').spawnSync('helper', ['daemon', 'start'], { stdio });
`;

describe.skipIf(process.platform !== 'linux')('a running daemon', () => {
  let world: World;
  let proc: string;

  beforeAll(async () => {
    world = createWorld();
    const secrets = { BW_SESSION: 'a key', BW_CLIENTSECRET: 'a secret' };
    const terminal = openTerminal({
      command: ['node', '-e', START],
      env: { ...world.env, ...secrets, NODE_OPTIONS: '--no-warnings' },
      cwd: world.home,
    });
    await terminal.sees(/Started/);
    await terminal.exit;
    await terminal.close();
    proc = `/proc/${world.daemonPid()}`;
  });
  afterAll(() => world.close());

  test('leaves no core dump, and cannot be read by others of the same user', () => {
    expect(read('limits')).toMatch(/^Max core file size +0 +0 /m);
    const [, fields] = /({.*"msg":"ready".*})/.exec(world.log()) ?? [];
    expect(JSON.parse(fields ?? '{}')).toMatchObject({ coreLimitZero: true, notDumpable: true });
  });

  test('tells all of that, and that nobody else may read what it writes', async () => {
    const hardening = {
      coreLimitZero: true,
      notDumpable: true,
      noDebugger: true,
      privateFiles: true,
    };
    const status = await world.helper(['status', '--json']);
    expect(JSON.parse(status.stdout).daemon).toMatchObject({ hardening });
    const info = await askRaw(join(world.runtimeDir, 'bw-helper', 'socket'), 'daemon.info');
    expect(info.result).toMatchObject({ hardening });
    expect(read('status')).toMatch(/^Umask:\s+0077$/m);
  });

  test('opens no inspector when it gets SIGUSR1, as it has no ear for it', () => {
    const caught = BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(read('status'))?.[1]}`);
    const SIGUSR1 = 10n;
    expect(caught & (1n << (SIGUSR1 - 1n))).toBe(0n);
    // The same look finds a signal that it does listen to.
    const SIGTERM = 15n;
    expect(caught & (1n << (SIGTERM - 1n))).not.toBe(0n);
  });

  test('is on no network', (context) => {
    if (!isRoot()) return context.skip(HIDDEN);
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

  test('has nothing of whoever started it: neither folder nor terminal nor descriptors nor secrets', (context) => {
    if (!isRoot()) return context.skip(HIDDEN);
    expect(readlinkSync(`${proc}/cwd`)).toBe('/');
    expect([0, 1, 2].map((fd) => readlinkSync(`${proc}/fd/${fd}`))).toEqual(
      Array(3).fill('/dev/null'),
    );
    const held = join(world.home, 'held');
    expect(existsSync(held)).toBe(true);
    const open = readdirSync(`${proc}/fd`).map((fd) => readlinkSync(`${proc}/fd/${fd}`));
    expect(open).not.toContain(held);
    // pid (name) state parent group session terminal …
    const stat = read('stat');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4]).toBe('0');
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
