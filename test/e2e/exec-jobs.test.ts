/** Job control: a shell with a person at it, and `helper exec` in the place of a plain command. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn();
  await unlockFromStdin(here);
});
afterAll(() => here?.close());

function inTerminal(...command: string[]): Terminal {
  return openTerminal({ command: ['helper', 'exec', '--', ...command], env: here.world.env });
}

function inShell(): Terminal {
  const { env } = here.world;
  return openTerminal({ command: ['bash', '--norc', '--noprofile', '-i'], env });
}

/** What is typed is on the screen too: it must not look like what it prints. */
const untilStopped = 'until jobs | grep -q Stopped; do :; done; echo "it is"" stopped"\r';

test('Ctrl-C reaches the command alone, which may make of it what it likes', async () => {
  const script = 'trap "echo caught; exit 7" INT; echo ready; while :; do read line; done';
  const terminal = inTerminal('bash', '-c', script);
  await terminal.sees(/ready/);
  terminal.types('\x03');
  await terminal.sees(/caught/);
  expect(await terminal.exit).toEqual({ code: 7, signal: null });
});

test.each([
  ['Ctrl-C', '\x03', 'SIGINT'],
  ['Ctrl-\\', '\x1c', 'SIGQUIT'],
])('%s ends a command that does not care', async (_, keys, signal) => {
  const terminal = inTerminal('sh', '-c', 'echo ready; exec cat');
  await terminal.sees(/ready/);
  terminal.types(keys);
  expect(await terminal.exit).toEqual({ code: null, signal });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s from elsewhere ends it', async (signal) => {
  const terminal = inTerminal('sh', '-c', 'echo ready; exec cat');
  await terminal.sees(/ready/);
  terminal.kill(signal);
  expect(await terminal.exit).toEqual({ code: null, signal });
});

test('Ctrl-Z stops it, fg and bg continue it, Ctrl-C ends it, and the shell tells each as of any job', async () => {
  const { world } = here;
  world.program(
    'reads',
    '#!/bin/bash\ntrap "echo continued" CONT\necho ready\nwhile read line; do echo "read <$line>"; done\n',
  );
  const shell = inShell();
  shell.types('helper exec -- reads\r');
  await shell.sees(/ready\r\n/);
  shell.types('\x1a');
  await shell.sees(/\[1\]\+ +Stopped +helper exec/);
  shell.types('fg\r');
  await shell.sees(/continued\r\n/);
  shell.types('typed\r');
  await shell.sees(/read <typed>/);
  shell.types('\x1a');
  await shell.sees(/\[1\]\+ +Stopped +helper exec/);
  shell.types('bg\r');
  await shell.sees(/\[1\]\+ helper exec -- reads &/);
  // There it is stopped by its own read.
  shell.types(untilStopped);
  await shell.sees(/it is stopped/);
  shell.types('fg\r');
  await shell.sees(/continued\r\n/);
  shell.types('\x03');
  await shell.sees(/\^C\s+bash-.* /);
  shell.types('echo "ended with $?"\r');
  await shell.sees(/ended with 130/);
  shell.types('exit\r');
  expect((await shell.exit).code).toBe(0);
});

test('in the background it can be stopped and continued, and the shell gets its exit code', async () => {
  const shell = inShell();
  shell.types('helper exec -- sh -c \'kill -STOP $$; echo "goes"" on"; exit 9\' &\r');
  shell.types(untilStopped);
  await shell.sees(/it is stopped/);
  shell.types('kill -CONT %1; wait %1; echo "ended with $?"\r');
  await shell.sees(/goes on/);
  await shell.sees(/ended with 9/);
  shell.types('exit\r');
  await shell.exit;
});
