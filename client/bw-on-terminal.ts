/**
 * Runs bw for the daemon on the terminal where the person sits: stdin is theirs, and stderr reaches them
 * as it comes, but for what no prompt needs. stdout goes to the daemon, so that no session key lands in
 * the scrollback.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { failure } from '../shared/errors.ts';
import { BW_WORDS_CHARACTERS, SECRET_BYTES } from '../shared/limits.ts';
import type { Params, Result, ToClient } from '../shared/protocol.ts';
import type { Context } from './context.ts';
import { interrupted } from './prompt/asker.ts';
import { beforeDeath } from './prompt/signals.ts';
import { createScreen } from './screen.ts';

/** What tells bw of the terminal and the desktop: SSO opens a browser there. */
const OF_TERMINAL =
  /^(TERM|COLORTERM|NO_COLOR|LANG|LANGUAGE|LC_[A-Z]+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|BROWSER)$/;

/**
 * Resolves when bw has ended, whatever the exit code. `withdrawn` ends it. Rejects with prompt-cancelled
 * where it was interrupted, bw-failed where it cannot be started, and the reason of `withdrawn`.
 */
export async function runBwOnTerminal(
  { env, host, output }: Context,
  { command, args, env: given, note }: Params<ToClient, 'bw.run'>,
  withdrawn: AbortSignal,
): Promise<Result<ToClient, 'bw.run'>> {
  withdrawn.throwIfAborted();
  if (note) output.say(`helper: ${note}`);
  const terminal = Object.entries(env).filter(([name]) => OF_TERMINAL.test(name));
  const stdin = stdinOfPerson(host);
  const child = spawn(command, args, {
    // Node hands NODE_V8_COVERAGE to every child unless it is named here (seen with Node 24).
    env: { ...given, ...Object.fromEntries(terminal), NODE_V8_COVERAGE: undefined },
    stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
  });
  if (stdin) closeSync(stdin);
  const end = () => void child.kill();
  withdrawn.addEventListener('abort', end, { once: true });
  const forget = beforeDeath(host, end);
  const screen = createScreen();
  const stdout = keep(child.stdout, (all) => all.slice(0, SECRET_BYTES));
  const stderr = keep(
    child.stderr,
    (all) => all.slice(-BW_WORDS_CHARACTERS),
    (piece) => output.pass(screen(piece)),
  );
  try {
    const { exitCode, signal } = await new Promise<{
      exitCode: number | null;
      signal: NodeJS.Signals | null;
    }>((resolve, reject) => {
      child.once('error', ({ code }: NodeJS.ErrnoException) =>
        reject(failure('bw-failed', { command: 'login', problem: `it did not start (${code})` })),
      );
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    withdrawn.throwIfAborted();
    if (signal === 'SIGINT') throw interrupted();
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    withdrawn.removeEventListener('abort', end);
    forget();
  }
}

/**
 * A descriptor of the terminal for bw to read from. Redirected, stdin is the script's: bw would send a
 * line of it to the server as the master password. 0 is the terminal already; undefined where there is
 * none, as for SSO from a desktop.
 */
function stdinOfPerson({ platform }: Context['host']): number | undefined {
  if (isatty(0)) return 0;
  // A hidden console exists behind terminals that are none.
  if (platform === 'win32') return undefined;
  try {
    return openSync('/dev/tty', 'r');
  } catch {
    return undefined;
  }
}

/** Reads to the end and keeps what `bound` leaves of it; `pass` gets every piece as it comes. */
function keep(
  stream: Readable | null,
  bound: (text: string) => string,
  pass: (piece: string) => void = () => {},
): () => string {
  const decoder = new TextDecoder();
  let kept = '';
  stream?.on('data', (piece: Buffer) => {
    const text = decoder.decode(piece, { stream: true });
    pass(text);
    kept = bound(kept + text);
  });
  return () => kept;
}
