/** Where a process cannot become another (Windows): starts it, and is as much like it as can be. */
import { spawn } from 'node:child_process';
import { failure } from '../../shared/errors.ts';
import type { Host } from '../prompt/asker.ts';
import { batchCall, isBatch } from './batch.ts';
import type { Start } from './become.ts';

/** What is sent to one process alone. */
const FORWARDED = ['SIGTERM', 'SIGHUP'] as const;
/** Ctrl-C and Ctrl-Break reach all of a console by themselves; we wait for what the command makes of it. */
const SHARED = ['SIGINT', 'SIGBREAK'] as const;
/** Windows' own code for a process that was ended from outside. */
const ENDED = 1;

/**
 * Runs it with our stdin, stdout and stderr; gives its exit code. Throws command-not-runnable, and
 * `usage` for a word that a batch file cannot be given. Not tried on Windows itself.
 */
export async function forward(
  host: Pick<Host, 'on' | 'off'>,
  { file, command, env }: Start,
): Promise<number> {
  const [, ...words] = command;
  const batch = isBatch(file);
  const call = batch ? batchCall(file, words, env) : { program: file, args: words };
  const child = spawn(call.program, call.args, {
    env,
    stdio: 'inherit',
    windowsVerbatimArguments: batch,
  });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  const stay = () => {};
  for (const signal of FORWARDED) host.on(signal, pass);
  for (const signal of SHARED) host.on(signal, stay);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('exit', (code) => resolve(code ?? ENDED));
  child.once('error', (error: NodeJS.ErrnoException) =>
    reject(failure('command-not-runnable', { file, problem: error.code ?? error.name })),
  );
  return await promise.finally(() => {
    for (const signal of FORWARDED) host.off(signal, pass);
    for (const signal of SHARED) host.off(signal, stay);
  });
}
