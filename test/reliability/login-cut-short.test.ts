/** A login on a terminal that ends before bw has: nothing of it stays, and nobody waits for it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ByPassword, byPassword } from '../support/by-password.ts';
import { isOver, startedBy } from '../support/processes.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';

let here: ByPassword;
beforeAll(async () => {
  here = await byPassword();
});
afterAll(() => here?.close());

const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1');

/** The bw that this client has started on its terminal. */
function bwOfClient(client: number): number {
  const [bw] = startedBy(client).filter((pid) => commandOf(pid).includes('bw.js'));
  if (bw === undefined) throw new Error('No bw runs on this terminal');
  return bw;
}

/** The same once it waits for the password. */
async function bwOf(terminal: Terminal): Promise<number> {
  await terminal.sees(/Master password: /);
  return bwOfClient(terminal.pid);
}

/** Nobody is logged in, and no folder is left in which a bw could work. */
async function nothingDone(): Promise<void> {
  const { world } = here;
  const { state } = JSON.parse((await world.helper(['status', '--json'])).stdout);
  expect(state).toBe('logged-out');
  const runtime = join(world.runtimeDir, 'bw-helper');
  const staged = readdirSync(runtime).filter((name) => name.startsWith('staged-'));
  expect(staged.filter((name) => statSync(join(runtime, name)).isDirectory())).toEqual([]);
}

testOnLinux(
  'Ctrl-C at the prompt of bw ends both, as if bw had been started directly',
  async () => {
    const terminal = here.onTerminal();
    const bw = await bwOf(terminal);
    terminal.types('\x03');
    expect((await terminal.exit).signal).toBe('SIGINT');
    expect(terminal.text).toContain('The prompt was cancelled.');
    await isOver(bw);
    await nothingDone();
  },
);

/** A login within a script, so that the end of the client does not hang up its terminal. */
async function inScript(): Promise<{ terminal: Terminal; client: number; bw: number }> {
  const { server, world } = here;
  const script = `helper login --email ${server.account.email}; echo gone; while :; do sleep 1; done`;
  const terminal = openTerminal({ command: ['sh', '-c', script], env: world.env });
  await terminal.sees(/Master password: /);
  const [client = -1] = startedBy(terminal.pid);
  return { terminal, client, bw: bwOfClient(client) };
}

testOnLinux(
  'a client that is killed leaves no lock, and its bw nothing in our folders',
  async () => {
    const { terminal, client, bw } = await inScript();
    process.kill(client, 'SIGKILL');
    await terminal.sees(/gone/);
    const next = here.onTerminal();
    await bwOf(next);
    // The other bw goes on, where nobody looks any more.
    terminal.types(`${here.server.account.password}\r`);
    await isOver(bw);
    next.types('\x03');
    await next.exit;
    await nothingDone();
    await terminal.close();
  },
);

testOnLinux('SIGTERM to the client ends its bw', async () => {
  const { terminal, client, bw } = await inScript();
  process.kill(client, 'SIGTERM');
  await terminal.sees(/gone/);
  await isOver(bw);
  await nothingDone();
  await terminal.close();
});

testOnLinux('a daemon that leaves, or is killed, takes the login along', async () => {
  const { world } = here;
  const stopped = here.onTerminal();
  const first = await bwOf(stopped);
  expect((await world.helper(['daemon', 'stop'])).code).toBe(0);
  expect((await stopped.exit).code).toBe(40);
  await isOver(first);
  await nothingDone();

  const orphaned = here.onTerminal();
  const second = await bwOf(orphaned);
  process.kill(world.daemonPid() ?? -1, 'SIGKILL');
  expect((await orphaned.exit).code).toBe(40);
  await isOver(second);
  await nothingDone();
});

testOnLinux('a second login is told whom it waits for, and finds it done', async () => {
  const { server, world } = here;
  const first = here.onTerminal();
  await bwOf(first);
  const second = here.onTerminal();
  await second.sees(/waiting for the password in pts\/\d+/);
  first.types(`${server.account.password}\r`);
  await first.sees(/Logged in to/);
  await second.sees(/already logged in as fern@example\.test/);
  expect((await second.exit).code).toBe(34);
  expect((await first.exit).code).toBe(0);
  expect((await world.helper(['logout'])).code).toBe(0);
});

testOnLinux('bw asks the terminal, and leaves the stdin of a script alone', async () => {
  const { server, world } = here;
  const list = join(world.folder, 'list');
  writeFileSync(list, 'a line\nanother\n');
  const script = `while read -r line; do helper login --email ${server.account.email}; echo "after $line: $?"; done < ${list}`;
  const terminal = openTerminal({ command: ['sh', '-c', script], env: world.env });
  await terminal.sees(/Master password: /);
  terminal.types('\x04');
  await terminal.sees(/The prompt was cancelled\.[\s\S]*after a line: 13/);
  await terminal.sees(/Master password: /);
  terminal.types(`${server.account.password}\r`);
  await terminal.sees(/Logged in to[\s\S]*after another: 0/);
  expect((await terminal.exit).code).toBe(0);
  expect((await world.helper(['logout'])).code).toBe(0);
});
