/** Asks through an askpass program: the prompt is its one argument, the first line it prints the answer. */
import type { ChildProcess } from 'node:child_process';
import { type Failure, failure } from '../../shared/errors.ts';
import { PROMPT_IDLE_MS } from '../../shared/limits.ts';
import type { Secret } from '../../shared/secret.ts';
import { printable } from '../../shared/text.ts';
import { untilAborted } from '../../shared/until-aborted.ts';
import { type Asker, type Host, typedTwice } from './asker.ts';
import { readLines } from './lines.ts';
import { beforeDeath } from './signals.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the program may not inherit: it was started to ask for such things, not to be given them. */
const WITHHELD = /^BW_(SESSION|PASSWORD|CLIENT.*)$/i;

/**
 * The program that asks in this environment. BW_HELPER_ASKPASS is a word to us and wins over a
 * terminal; SSH_ASKPASS is set on many desktops and only stands in where there is none, as for ssh.
 */
export function askpassProgram(env: Environment, hasTerminal: boolean): string | undefined {
  return env.BW_HELPER_ASKPASS || (hasTerminal ? undefined : env.SSH_ASKPASS) || undefined;
}

/** Runs `file` for every question; it is stopped when it has not answered after `idleMs`. */
export function createAskpass(
  host: Host,
  file: string,
  env: Environment,
  idleMs = PROMPT_IDLE_MS,
): Asker {
  return {
    secret({ prompt, confirm }, signal) {
      const once = (text: string) => withProgram(host, { file, env, prompt: text }, idleMs, signal);
      return confirm ? typedTwice(prompt, once) : once(prompt);
    },
  };
}

interface Program {
  readonly file: string;
  readonly env: Environment;
  readonly prompt: string;
}

async function withProgram(
  host: Host,
  { file, env, prompt }: Program,
  idleMs: number,
  signal: AbortSignal,
): Promise<Secret> {
  // Here and not above: every request asks for askpassProgram, few ever run one.
  const { spawn } = await import('node:child_process');
  signal.throwIfAborted();
  const child = spawn(file, [printable(prompt)], {
    env: withhold(env),
    // What it has to say goes to the person; its stdout is the answer's alone.
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const cut = Promise.withResolvers<never>();
  const idle = setTimeout(() => cut.reject(failure('prompt-timeout')), idleMs);
  const forget = beforeDeath(host, () => void child.kill());
  child.once('error', (error) => cut.reject(failed(file, whyNotStarted(error))));
  const printed = readLines(child.stdout, 1).then((lines) => {
    if ('problem' in lines) throw failed(file, `what it printed ${lines.problem}`);
    // It may print more before it ends.
    child.stdout.resume();
    return lines.lines[0];
  });
  try {
    const answered = Promise.all([printed, ended(child)]);
    const [line, end] = await untilAborted(Promise.race([answered, cut.promise]), signal);
    return answer(file, line, end);
  } finally {
    clearTimeout(idle);
    forget();
    child.kill();
    // What it started may still write, and must not wait for us for ever.
    child.stdout.destroy();
  }
}

function answer(file: string, line: Secret | undefined, end: number | string): Secret {
  // What ssh-askpass does for its Cancel button, and those modelled on it.
  if (end === 1 && !line) throw failure('prompt-cancelled');
  if (end !== 0)
    throw failed(file, typeof end === 'string' ? `ended by ${end}` : `exit code ${end}`);
  if (!line || line.empty) throw failed(file, 'it printed nothing');
  return line;
}

/** Its exit code, or the signal that ended it. */
function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'a signal')),
  );
}

function whyNotStarted({ code, name }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'it was not found';
  if (code === 'EACCES') return 'it is not executable';
  return `it cannot be started (${code ?? name})`;
}

function failed(file: string, problem: string): Failure {
  return failure('askpass-failed', { file, problem });
}

function withhold(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !WITHHELD.test(name)));
}
