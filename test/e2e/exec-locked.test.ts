import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startedBy } from '../support/processes.ts';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterEach(() => here.world.helper(['lock']));
afterAll(() => here?.close());

const ours = () => ({ command: [] as string[], env: here.world.env });

test('the person is asked on the terminal first, and then the terminal is the command’s', async () => {
  const command = 'stty -a; read line; echo "read <$line>"; test "$BW_SESSION" && echo has it';
  const terminal = openTerminal({
    ...ours(),
    command: ['helper', 'exec', '--', 'sh', '-c', command],
  });
  await terminal.sees(/Master password/);
  terminal.types(`${here.server.account.password}\r`);
  await terminal.sees(/ icanon /);
  terminal.types('typed\r');
  await terminal.sees(/read <typed>\s+has it/);
  expect(await terminal.exit).toEqual({ code: 0, signal: null });
  expect(terminal.text).toMatch(/ echo /);
});

test('a command that cannot run is told before anybody is asked', async () => {
  const { world } = here;
  const file = join(world.folder, 'no-program');
  writeFileSync(file, '', { mode: 0o644 });
  for (const [name, code] of [
    ['no-such-command', 127],
    ['/no/such/file', 127],
    ['', 127],
    [file, 126],
    [world.folder, 126],
  ] as const) {
    const terminal = openTerminal({ ...ours(), command: ['helper', 'exec', '--', name, 'x'] });
    expect([name, (await terminal.exit).code]).toEqual([name, code]);
    expect(terminal.text).toMatch(/^helper: .*(was not found|cannot be run)/);
    expect(terminal.text).not.toContain('Master password');
  }
});

test('where nobody can be asked it ends with the code of helper, and the command is not run', async () => {
  const ran = await here.world.helper(['exec', '--', 'echo', 'ran']);
  expect(ran).toMatchObject({ code: 11, stdout: '' });
});

test('another bw data folder than the one that is served is refused', async () => {
  const env = { BITWARDENCLI_APPDATA_DIR: '/somewhere/else' };
  const ran = await here.world.helper(['exec', '--', 'echo', 'ran'], { env });
  expect(ran).toMatchObject({ code: 32, stdout: '' });
});

test('with --password-stdin the first line is the password, and the command reads the rest', async () => {
  const { world, server } = here;
  const run = () =>
    world.helper(['exec', '--password-stdin', '--', 'cat'], {
      input: `${server.account.password}\nfirst\nsecond\n`,
    });
  expect(await run()).toMatchObject({ code: 0, stdout: 'first\nsecond\n' });
  // The session is open now, and the password still not the command's.
  expect(await run()).toMatchObject({ code: 0, stdout: 'first\nsecond\n' });
});

test('a wrong password on stdin ends it with that code', async () => {
  const ran = await here.world.helper(['exec', '--password-stdin', '--', 'echo', 'ran'], {
    input: 'wrong\n',
  });
  expect(ran).toMatchObject({ code: 12, stdout: '' });
});

testOnLinux('a daemon that it started is no child of the command', async () => {
  const { world, server } = here;
  await world.helper(['daemon', 'stop']);
  // Its first unlock needs the passphrase of the keychain file as well.
  const askpass = world.program(
    'both',
    `#!/bin/sh\ncase "$1" in Master*) echo '${server.account.password}' ;; *) exec passphrase ;; esac\n`,
  );
  const terminal = openTerminal({
    command: ['helper', 'exec', '--', 'sh', '-c', 'echo ready; read line'],
    env: { ...world.env, BW_HELPER_ASKPASS: askpass },
  });
  await terminal.sees(/ready/);
  expect(world.daemonPid()).toBeDefined();
  expect(startedBy(terminal.pid)).toEqual([]);
  terminal.types('\r');
  expect((await terminal.exit).code).toBe(0);
});
