import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { openTerminal, type Terminal, type TerminalOptions } from '../../../support/terminal.ts';

const FIXTURE = fileURLToPath(new URL('../../../fixtures/asks-on-terminal.ts', import.meta.url));
const PROMPT = /Master password for ab@example\.com: /;
const UNHURRIED = '600000';

const open: Terminal[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((terminal) => terminal.close()));
});

function inTerminal(options: TerminalOptions): Terminal {
  const terminal = openTerminal(options);
  open.push(terminal);
  return terminal;
}

function asking(kind = 'secret', idleMs = UNHURRIED, ...more: string[]): Terminal {
  const command = [process.execPath, FIXTURE, kind, idleMs, ...more];
  return inTerminal({ command, stdout: 'pipe' });
}

/** The same under a shell that holds the terminal beyond the program's end and tells its exit code. */
function outlived(...args: string[]): Terminal {
  const script = `${process.execPath} ${FIXTURE} ${args.join(' ')}; echo "code $?"; read hold`;
  return inTerminal({ command: ['bash', '-c', script] });
}

/** A shell with job control, and the line that runs the fixture in it. */
function shell(): { bash: Terminal; run: string } {
  const bash = inTerminal({
    command: ['bash', '--norc', '-i'],
    env: { ...process.env, PS1: 'ready> ' },
  });
  return { bash, run: `${process.execPath} ${FIXTURE}` };
}

/** Whether the terminal echoes at this moment, seen from outside. */
function echoes({ path }: Terminal): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOCTTY);
  try {
    const modes = execFileSync('stty', ['-a'], {
      stdio: [fd, 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    return / echo /.test(modes);
  } finally {
    closeSync(fd);
  }
}

describe('a hidden prompt', () => {
  test('takes a line without showing it, and only the answer is on stdout', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    terminal.types('hünter2 🐎\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.stdout).toBe('hünter2 🐎\n');
    expect(terminal.text).not.toContain('nter2');
    expect(terminal.text).not.toContain('\x1b');
  });

  test('works inside $(…) with stdin redirected', async () => {
    const script = `x=$(${process.execPath} ${FIXTURE} </dev/null); echo "got [$x]"`;
    const terminal = inTerminal({ command: ['sh', '-c', script] });
    await terminal.sees(PROMPT);
    terminal.types('hunter2\r');
    await terminal.sees(/got \[hunter2\]/);
  });

  test('can be corrected while it is typed', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    terminal.types('nonsense\x15wrong word\x17pferdä\x7f\x7fd\r');
    await terminal.exit;
    expect(terminal.stdout).toBe('wrong pferd\n');
  });

  test('ignores cursor keys and the marks around a paste', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    terminal.types('\x1b[200~hun\x1b[A\x1bOHter2\x1b[201~\r');
    await terminal.exit;
    expect(terminal.stdout).toBe('hunter2\n');
  });

  test('does not take what was typed before it appeared, nor what follows Enter', async () => {
    const terminal = asking();
    terminal.types('early\r');
    await terminal.sees(PROMPT);
    terminal.types('hunter2\rlate\r');
    await terminal.exit;
    expect(terminal.stdout).toBe('hunter2\n');
  });

  test('comes again after Enter alone', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    terminal.types('\r');
    await terminal.sees(PROMPT);
    terminal.types('hunter2\r');
    await terminal.exit;
    expect(terminal.stdout).toBe('hunter2\n');
  });

  test('gives up when no key comes', async () => {
    const terminal = asking('secret', '20');
    await terminal.sees(/failed: prompt-timeout 14/);
    expect((await terminal.exit).code).toBe(14);
  });

  test('ends with its window', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    await terminal.close();
    // By the hang-up, or by the end of input that comes with it.
    expect((await terminal.exit).code).not.toBe(0);
    expect(terminal.stdout).toBe('');
  });

  test('asks for a new secret twice until both are alike', async () => {
    const terminal = asking('new-secret');
    for (const typed of ['first', 'other', 'hunter2', 'hunter2']) {
      await terminal.sees(PROMPT);
      terminal.types(`${typed}\r`);
    }
    await terminal.exit;
    expect(terminal.stdout).toBe('hunter2\n');
    expect(terminal.text).toContain('The two differ');
  });

  test('is asked in twenty terminals at once', async () => {
    const terminals = Array.from({ length: 20 }, () => asking());
    await Promise.all(terminals.map((terminal) => terminal.sees(PROMPT)));
    for (const [index, terminal] of terminals.entries()) terminal.types(`secret ${index}\r`);
    await Promise.all(terminals.map(({ exit }) => exit));
    expect(terminals.map(({ stdout }) => stdout)).toEqual(
      terminals.map((_, index) => `secret ${index}\n`),
    );
  });
});

describe('the terminal echoes again', () => {
  test.each([
    ['Enter', 'hunter2\r', /\n/],
    ['Ctrl-C', 'hunt\x03', /failed: prompt-cancelled 130/],
    ['Ctrl-D', '\x04', /failed: prompt-cancelled 13\r/],
  ])('after %s', async (_, keys, outcome) => {
    const terminal = asking('secret', UNHURRIED, 'linger');
    await terminal.sees(PROMPT);
    expect(echoes(terminal)).toBe(false);
    terminal.types(keys);
    await terminal.sees(outcome);
    expect(echoes(terminal)).toBe(true);
    expect(terminal.text).not.toContain('hunt');
  });

  test('after nobody answered', async () => {
    const terminal = asking('secret', '20', 'linger');
    await terminal.sees(/failed/);
    expect(echoes(terminal)).toBe(true);
  });

  test('after somebody else answered, on a line of its own', async () => {
    const terminal = asking('secret', UNHURRIED, 'linger');
    await terminal.sees(PROMPT);
    terminal.kill('SIGUSR2');
    await terminal.sees(/^\r\nfailed: withdrawn/);
    expect(echoes(terminal)).toBe(true);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)('after %s, by which the program then ends', async (signal, code) => {
    const terminal = outlived('secret', UNHURRIED);
    const [, pid] = await terminal.sees(/pid (\d+)/);
    await terminal.sees(PROMPT);
    process.kill(Number(pid), signal);
    await terminal.sees(new RegExp(`code ${code}`));
    expect(echoes(terminal)).toBe(true);
  });

  test('after a bug of ours', async () => {
    const terminal = outlived('secret', UNHURRIED, 'crash');
    const [, pid] = await terminal.sees(/pid (\d+)/);
    await terminal.sees(PROMPT);
    process.kill(Number(pid), 'SIGUSR2');
    await terminal.sees(/code 1/);
    expect(echoes(terminal)).toBe(true);
  });
});

describe('under job control', () => {
  test('Ctrl-Z gives the shell its terminal, and fg asks again from the start', async () => {
    const { bash, run } = shell();
    await bash.sees(/ready> /);
    bash.types(`${run}\r`);
    await bash.sees(PROMPT);
    bash.types('half\x1a');
    await bash.sees(/Stopped/);
    bash.types('stty -a\r');
    await bash.sees(/ echo /);
    bash.types('fg\r');
    await bash.sees(PROMPT);
    expect(echoes(bash)).toBe(false);
    bash.types('hunter2\r');
    await bash.sees(/\nhunter2\r/);
  });

  test('Ctrl-Z where no shell could continue us only asks again', async () => {
    const terminal = asking();
    await terminal.sees(PROMPT);
    terminal.types('half\x1a');
    await terminal.sees(PROMPT);
    terminal.types('hunter2\r');
    await terminal.exit;
    expect(terminal.stdout).toBe('hunter2\n');
  });

  test('a prompt that was stopped from outside still hides what is typed', async () => {
    const { bash, run } = shell();
    await bash.sees(/ready> /);
    bash.types(`${run}\r`);
    const [, pid] = await bash.sees(/pid (\d+)/);
    await bash.sees(PROMPT);
    process.kill(Number(pid), 'SIGSTOP');
    await bash.sees(/Stopped/);
    bash.types('fg\r');
    await bash.sees(PROMPT);
    bash.types('hunter2\r');
    const [between] = await bash.sees(/.*\nhunter2\r/s);
    expect(between).toBe('\r\nhunter2\r');
  });

  test('a program in the background knows it, and is not asked', async () => {
    const { bash, run } = shell();
    await bash.sees(/ready> /);
    bash.types(`${run} &\r`);
    await bash.sees(/background on pts\/\d+/);
    await bash.sees(/failed: prompt-timeout/);
    expect(bash.text).not.toMatch(PROMPT);
  });

  test('without /proc it is seen when it comes to asking', async () => {
    const { bash, run } = shell();
    await bash.sees(/ready> /);
    bash.types(`${run} secret ${UNHURRIED} no-proc &\r`);
    await bash.sees(/ready on another terminal/);
    await bash.sees(/failed: prompt-timeout/);
    expect(bash.text).not.toMatch(PROMPT);
    bash.types(`${run} secret ${UNHURRIED} no-proc\r`);
    await bash.sees(PROMPT);
    bash.types('hunter2\r');
    await bash.sees(/\nhunter2\r/);
  });
});

describe('a visible prompt', () => {
  test('shows what is typed and takes it without blanks around it', async () => {
    const terminal = asking('visible');
    await terminal.sees(PROMPT);
    terminal.types(' user.1234\x7f5 ');
    await terminal.sees(/user\.1235/);
    terminal.types('\rlate');
    await terminal.exit;
    expect(terminal.stdout).toBe('user.1235\n');
    expect(terminal.text).not.toContain('late');
  });

  test.each([
    ['y\r', 'yes\n'],
    ['YES\r', 'yes\n'],
    ['\r', 'no\n'],
    ['n\r', 'no\n'],
  ])('%j to yes or no is %j', async (keys, answer) => {
    const terminal = asking('yes-no');
    await terminal.sees(/\[y\/N\] /);
    terminal.types(keys);
    await terminal.exit;
    expect(terminal.stdout).toBe(answer);
  });
});
