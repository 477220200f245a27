/**
 * A real terminal for tests: a pseudo-terminal with a program in it that has it as its controlling
 * terminal, so that /dev/tty, job control and `stty` are what a person would have.
 *
 * Linux; macOS has the same calls, untested there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import koffi from 'koffi';

/** Only bounds a hang: a loaded machine may need many seconds for what takes one. */
const DEADLINE_MS = 60_000;
/** For a program that ignores hanging up. */
const HANG_UP_MS = 5_000;

let libc: ReturnType<typeof koffi.load> | undefined;

export interface TerminalOptions {
  /** The program and its arguments; found by PATH. */
  readonly command: readonly string[];
  /** Its whole environment, but for TERM: it is `dumb`, so that shells send no escape sequences. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** `pipe`: its stdout is captured and not on the screen, as in `$(…)`. */
  readonly stdout?: 'terminal' | 'pipe';
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Terminal {
  /**
   * Resolves when what was printed since the last match holds a match; what is typed is printed too
   * where the terminal echoes. Rejects with everything printed when the program has ended without a
   * match, or after a minute.
   */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  /** Presses keys: `\r` is Enter, `\x03` Ctrl-C. */
  types(keys: string): void;
  /** Sends a signal to the program itself, as another process would. */
  kill(signal: NodeJS.Signals): void;
  readonly pid: number;
  /** `/dev/pts/7` */
  readonly path: string;
  /** Resolves when the program has ended and all it printed is in `text` and `stdout`. */
  readonly exit: Promise<Exit>;
  /** Everything that was on the screen, as it was sent. */
  readonly text: string;
  /** With `stdout: 'pipe'`. */
  readonly stdout: string;
  /** Hangs up, as closing the window does, and waits for the end. */
  close(): Promise<void>;
}

/** Starts a program in a terminal of its own. */
export function openTerminal(options: TerminalOptions): Terminal {
  const pty = openPty();
  const child = start(options, pty.path);
  // Not a file stream: each of those would hold one of four threads while nothing comes.
  const master = new ReadStream(pty.master);
  const screen = collect(master);
  const captured = child.stdout ? collect(child.stdout) : undefined;
  let seen = 0;
  let over = false;
  const exit = Promise.all([exitOf(child), screen.ended, captured?.ended]).then(([how]) => {
    over = true;
    screen.changed.dispatchEvent(new Event('text'));
    return how;
  });

  return {
    sees(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const giveUp = (why: string) =>
        reject(new Error(`${why} before ${pattern} was seen. On the screen:\n${screen.text()}`));
      const look = () => {
        const match = pattern.exec(screen.text().slice(seen));
        if (match) {
          seen += match.index + match[0].length;
          resolve(match);
        } else if (over) giveUp('The program ended');
      };
      const deadline = setTimeout(() => giveUp('The deadline passed'), DEADLINE_MS);
      screen.changed.addEventListener('text', look);
      look();
      return promise.finally(() => {
        clearTimeout(deadline);
        screen.changed.removeEventListener('text', look);
      });
    },
    types(keys) {
      let rest = Buffer.from(keys);
      while (rest.length > 0) rest = rest.subarray(writeSync(pty.master, rest));
    },
    kill: (signal) => void child.kill(signal),
    pid: child.pid ?? -1,
    path: pty.path,
    exit,
    get text() {
      return screen.text();
    },
    get stdout() {
      return captured?.text() ?? '';
    },
    async close() {
      master.destroy();
      const stubborn = setTimeout(() => child.kill('SIGKILL'), HANG_UP_MS);
      await exit;
      clearTimeout(stubborn);
    },
  };
}

/** A fresh pseudo-terminal. Node opens its ends close-on-exec: no other child keeps it alive. */
function openPty(): { master: number; path: string } {
  libc ??= koffi.load(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6');
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  const ready = ['int grantpt(int fd)', 'int unlockpt(int fd)'].every(
    (call) => libc?.func(call)(master) === 0,
  );
  const path: string | null = ready ? libc.func('str ptsname(int fd)')(master) : null;
  if (!path) throw new Error('No pseudo-terminal is to be had here');
  return { master, path };
}

/**
 * `detached` makes the child the leader of a session; a leader that opens a terminal gets it as its
 * controlling terminal. sh does that and becomes the program, with all signals as they should be.
 */
function start({ command, env, cwd, stdout }: TerminalOptions, path: string): ChildProcess {
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const become = ': <>"$0" && stty cols 200 rows 50 && exec "$@"';
  const child = spawn('/bin/sh', ['-c', become, path, ...command], {
    detached: true,
    stdio: [slave, stdout === 'pipe' ? 'pipe' : slave, slave],
    env: { ...(env ?? process.env), TERM: 'dumb' },
    ...(cwd !== undefined && { cwd }),
  });
  closeSync(slave);
  return child;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function collect(stream: Readable) {
  let text = '';
  const changed = new EventTarget();
  stream.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    changed.dispatchEvent(new Event('text'));
  });
  const ended = new Promise<void>((resolve) => {
    // Linux reports the end of a terminal as EIO.
    stream.once('error', () => resolve());
    stream.once('close', resolve);
    stream.once('end', resolve);
  });
  return { text: () => text, changed, ended };
}
