import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startedBy } from '../support/processes.ts';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';

let here: SignedIn;
let key: string;
beforeAll(async () => {
  here = await signedIn();
  key = await unlockFromStdin(here);
});
afterAll(() => here?.close());

const exec = (command: readonly string[], input = '', env: Record<string, string> = {}) =>
  here.world.helper(['exec', ...command], { input, env });

test('bw in it has the session, and nothing of ours is on its stdout', async () => {
  const ran = await exec(['--', 'bw', 'list', 'items', '--nointeraction']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(ran.stdout).map(({ name }: { name: string }) => name)).toContain('Fern forum');
});

test('the environment of the command is that of the caller and BW_SESSION, to the last byte', async () => {
  const odd = { 'a.b': '1', EMPTY: '', LINES: 'one\ntwo', UMLAUT: 'ä', BW_SESSION: 'an old one' };
  const env = { ...odd, BW_HELPER_DEBUG: '0' };
  const plain = await here.world.run(['env', '-0'], { env });
  const ours = await exec(['env', '-0'], '', env);
  const sorted = ({ stdout }: { stdout: string }) => stdout.split('\0').toSorted();
  const wanted = sorted(plain).map((one) => one.replace(/^(BW_SESSION)=.*/, `$1=${key}`));
  expect(sorted(ours)).toEqual(wanted);
});

testOnLinux(
  'it has no descriptor of ours, no ignored signal, and its streams are as they were',
  async () => {
    // The signals by the shell alone: while it starts a program it blocks them all for a moment.
    const look = `cd /proc/$$; grep -h flags fdinfo/0 fdinfo/1 fdinfo/2; ls fd
      while read -r line; do case $line in SigBlk*|SigIgn*|SigCgt*) echo "$line";; esac; done <status`;
    const plain = await here.world.run(['sh', '-c', look]);
    const ours = await exec(['sh', '-c', look]);
    expect(ours.stdout).toBe(plain.stdout);
  },
);

testOnLinux(
  'it is the very process that was started, and has no child and no parent of ours',
  async () => {
    const terminal = openTerminal({
      command: ['helper', 'exec', '--', 'sh', '-c', 'echo "it is $$"; read line'],
      env: here.world.env,
    });
    expect((await terminal.sees(/it is (\d+)/))[1]).toBe(String(terminal.pid));
    expect(startedBy(terminal.pid)).toEqual([]);
    terminal.types('\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
  },
);

test('its exit code is ours, each of 0 to 255', async () => {
  const script =
    'for code in $(seq 0 255); do helper exec -- sh -c "exit $code"; echo "$code is $?"; done';
  const ran = await here.world.run(['sh', '-c', script]);
  const all = Array.from({ length: 256 }, (_, code) => `${code} is ${code}\n`);
  expect(ran).toMatchObject({ stdout: all.join(''), stderr: '' });
}, 600_000);

test.each(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGPIPE', 'SIGXFSZ', 'SIGUSR1'] as const)(
  'it dies of %s as if it had been started directly',
  async (signal) => {
    const ran = await exec(['sh', '-c', `kill -${signal.slice(3)} $$`]);
    expect(ran).toMatchObject({ code: null, signal });
  },
);

test('a reader that has enough ends it by SIGPIPE, silently', async () => {
  const script = 'helper exec -- yes | head -n 1; echo "$PIPESTATUS"';
  const ran = await here.world.run(['bash', '-c', script]);
  expect(ran).toMatchObject({ stdout: 'y\n141\n', stderr: '' });
});

test('stdin is its own, all of it', async () => {
  const input = 'line\n'.repeat(50_000);
  expect((await exec(['cat'], input)).stdout).toBe(input);
});

test('what follows the command is its own, options and -- too', async () => {
  const ran = await exec(['printf', '<%s>', '--help', '--', '--no-input', '', 'a b', '*']);
  expect(ran.stdout).toBe('<--help><--><--no-input><><a b><*>');
  expect((await exec(['--no-input', '--', 'echo', '--idle'])).stdout).toBe('--idle\n');
});

test('without a command it is bad usage', async () => {
  expect(await exec([])).toMatchObject({ code: 2, stdout: '' });
  expect(await exec(['--'])).toMatchObject({ code: 2, stdout: '' });
});

test('a script without a first line runs as a shell runs it, and so does a program with an odd name', async () => {
  const { world } = here;
  world.program('plain', 'echo "plain $1"\n');
  world.program('a=b', '#!/bin/sh\necho "odd $1"\n');
  world.program('-', '#!/bin/sh\necho "dash $1"\n');
  expect((await exec(['plain', 'x'])).stdout).toBe('plain x\n');
  expect((await exec(['--', 'a=b', 'x'])).stdout).toBe('odd x\n');
  expect((await exec(['--', '-', 'x'])).stdout).toBe('dash x\n');
});

test('where the interpreter of a script is missing, it is told in one line, without a stack', async () => {
  here.world.program('broken', '#!/nonexistent/interpreter\n');
  const ran = await exec(['broken']);
  expect(ran.code).toBe(127);
  expect(ran.stderr).toMatch(/^env: .*broken.*\n$/);
});

test('a word that is not UTF-8 is refused, as it would be another word', async () => {
  const ran = await here.world.run(['bash', '-c', "helper exec -- echo $'\\xff'"]);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('not UTF-8');
});

test('BITWARDENCLI_APPDATA_DIR is in it where the data folder is not the one that bw takes by itself', async () => {
  const { world } = here;
  const show = ['sh', '-c', 'echo "[$BITWARDENCLI_APPDATA_DIR]"'];
  expect((await exec(show)).stdout).toBe('[]\n');
  // For bw in this environment the default is another one.
  const ran = await exec(show, '', { XDG_CONFIG_HOME: join(world.folder, 'elsewhere') });
  expect(ran.stdout).toBe(`[${world.dataDir}]\n`);
});

test('`helper exec -- bw sync` after an API-key login is `helper sync`, also in a locked vault', async () => {
  const { server, world } = here;
  // What bw itself can do is left to it.
  const last = await exec(['--', 'bw', 'sync', '--last']);
  expect(last.stdout).toMatch(/^\d{4}-\d\d-\d\dT/);
  await world.helper(['lock']);
  const fetched = server.next(({ path }) => path === '/api/sync');
  const ran = await exec(['--no-input', '--', 'bw', 'sync', '-f']);
  expect(ran).toMatchObject({ code: 0, stdout: '' });
  expect(ran.stderr).toContain('Synced the vault of');
  await fetched;
});
