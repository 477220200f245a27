import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
});
afterAll(() => here.close());

test('$(helper get-session) in a script without a terminal ends with its code and an empty stdout', async () => {
  const script = 'key="$(helper get-session)"; echo "$? [$key]"';
  const ran = await here.world.run(['sh', '-c', script]);
  expect(ran.stdout).toBe('11 []\n');
  expect(ran.stderr).toBe(
    [
      'helper: The vault is locked and nobody can be asked for the master password here.',
      '        Run `helper unlock` in a terminal, pass --password-stdin, or set BW_HELPER_ASKPASS. More: `helper help vault-locked`.',
      '',
    ].join('\n'),
  );
});

test('--no-input asks nobody, even on a terminal', async () => {
  const terminal = openTerminal({
    command: ['helper', 'get-session', '--no-input'],
    env: here.world.env,
  });
  expect((await terminal.exit).code).toBe(11);
  expect(terminal.text).not.toContain('Master password');
});

test('Ctrl-C at the prompt ends the script too, as it does anywhere else', async () => {
  const terminal = openTerminal({
    command: ['sh', '-c', 'key="$(helper get-session)"; echo went on'],
    env: here.world.env,
  });
  await terminal.sees(/Master password/);
  terminal.types('\x03');
  expect(await terminal.exit).toEqual({ code: null, signal: 'SIGINT' });
  expect(terminal.text).not.toContain('went on');
});

test('a background job is not stopped by a prompt: it is refused', async () => {
  const terminal = openTerminal({ command: ['bash', '--norc', '-i'], env: here.world.env });
  terminal.types('helper get-session & wait $!; echo "ended with $?"\r');
  await terminal.sees(/ended with 11/);
  terminal.types('exit\r');
  await terminal.exit;
});

test('--wait is served by an unlock in a terminal', async () => {
  const { world, server } = here;
  const waiting = world.helper(['get-session', '--no-input', '--wait', '5m']);
  const terminal = openTerminal({ command: ['helper', 'unlock'], env: world.env });
  await terminal.sees(/Master password/);
  terminal.types(`${server.account.password}\r`);
  expect((await terminal.exit).code).toBe(0);
  expect((await waiting).stdout).toMatch(/^[A-Za-z0-9+/]{86}==\n$/);
  await world.helper(['lock']);
});

test('--wait ends with vault-locked when nobody unlocks', async () => {
  const got = await here.world.helper(['get-session', '--no-input', '--wait', '1s']);
  expect(got).toMatchObject({ code: 11, stdout: '' });
});

test('a password from stdin is served at once while a person sits at the prompt', async () => {
  const { world, server } = here;
  const terminal = openTerminal({ command: ['helper', 'get-session'], env: world.env });
  await terminal.sees(/Master password/);
  const script = await world.helper(['get-session', '--password-stdin'], {
    input: `${server.account.password}\n`,
  });
  expect(script.code).toBe(0);
  // The person's prompt is withdrawn, and the key is theirs too.
  await terminal.sees(/[A-Za-z0-9+/]{86}==/);
  expect(terminal.text).toContain(script.stdout.trim());
  expect((await terminal.exit).code).toBe(0);
  await world.helper(['lock']);
});

test('a wrong password on stdin has its own code, and the right one works afterwards', async () => {
  const { world } = here;
  const wrong = await world.helper(['get-session', '--password-stdin'], { input: 'wrong\n' });
  expect(wrong).toMatchObject({ code: 12, stdout: '' });
  const empty = await world.helper(['get-session', '--password-stdin'], { input: '' });
  expect(empty).toMatchObject({ code: 2, stdout: '' });
});

test('three wrong passwords at the prompt end it, told as such', async () => {
  const { world } = here;
  const terminal = openTerminal({ command: ['helper', 'unlock'], env: world.env });
  await terminal.sees(/Master password for/);
  terminal.types('wrong\r');
  await terminal.sees(/That was wrong, try again\. Master password for/);
  terminal.types('wrong again\r');
  await terminal.sees(/That was wrong, try again\. Master password for/);
  terminal.types('and again\r');
  await terminal.sees(/Wrong master password\./);
  expect((await terminal.exit).code).toBe(12);
});

test('an askpass program is asked with the prompt as its argument', async () => {
  const { world, server } = here;
  const program = world.program(
    'ask',
    `#!/bin/sh\necho "$1" > ${world.folder}/prompt\necho '${server.account.password}'\n`,
  );
  const got = await world.helper(['get-session'], { env: { SSH_ASKPASS: program } });
  expect(got.code).toBe(0);
  const shown = await world.run(['cat', `${world.folder}/prompt`]);
  expect(shown.stdout).toMatch(
    /^Master password for fern@example\.test \(127\.0\.0\.1:\d+\): ?\n$/,
  );
  await world.helper(['lock']);
});

test('an askpass program that fails is named', async () => {
  const { world } = here;
  const program = world.program('broken', '#!/bin/sh\nexit 3\n');
  const got = await world.helper(['get-session'], { env: { BW_HELPER_ASKPASS: program } });
  expect(got).toMatchObject({ code: 44, stdout: '' });
  expect(got.stderr).toContain(program);
});

test('a terminal whose bw uses another data folder never gets the key of this one', async () => {
  const got = await here.world.helper(['get-session'], {
    env: { BITWARDENCLI_APPDATA_DIR: '/somewhere/else' },
  });
  expect(got).toMatchObject({ code: 32, stdout: '' });
  expect(got.stderr).toContain('/somewhere/else');
});

test('bad settings are named with file and key, and do not stop lock and daemon stop', async () => {
  const { world, server } = here;
  world.settings('idel = "10m"\n');
  const got = await world.helper(['get-session']);
  expect(got).toMatchObject({ code: 35, stdout: '' });
  expect(got.stderr).toMatch(/config\.toml: .*idel.*idle/);
  expect((await world.helper(['lock'])).code).toBe(0);
  // No restart is needed once it is right again.
  world.settings(
    `[profiles.default]\nkeychain = "file"\nserver = "${server.url}"\nca_file = "${server.caFile}"\n`,
  );
  expect((await world.helper(['get-session'])).code).toBe(11);
});

test.each([
  [['nonsense'], 'unknown command'],
  [['get-session', '--idle', 'soon'], 'It must be a duration'],
  [['get-session', '--nope'], 'unknown option'],
  [['get-session', 'surplus'], 'too many arguments'],
  [['daemon', 'logs', '-n', '0'], 'It must be a number'],
  [['login', '--email', ''], '--email must be an email address'],
  [['config', 'get', ''], 'the name of a setting'],
  [['config', 'set', '', 'x'], 'the name of a setting'],
])('bad usage %j is refused with exit code 2 and nothing on stdout', async (args, says) => {
  const got = await here.world.helper(args);
  expect(got).toMatchObject({ code: 2, stdout: '' });
  expect(got.stderr.toLowerCase()).toContain(says.toLowerCase());
});
