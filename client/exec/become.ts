/** Becomes another program: the same process from there on, with its pid, terminal and job. */
import { failure } from '../../shared/errors.ts';
import type { Context } from '../context.ts';

/** What a program is started with. */
export interface Start {
  readonly file: string;
  /** Its own name first, as the person wrote it. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Finds the program and becomes it, and tells what is wrong where it cannot be run. */
export const ENV = '/usr/bin/env';

/** Node ignores these two from its start on, and what is ignored stays so in the next program. */
const IGNORED_BY_NODE = ['SIGPIPE', 'SIGXFSZ'] as const;

/**
 * POSIX only. By way of `env`, since Node ends by SIGABRT and with a stack where the system cannot run
 * the file (24.21). What Node changes at its own start and gives no way back from goes along: see
 * docs/architecture.md.
 */
export function become({ host, memory }: Context, { file, command, env }: Start): never {
  // A signal that is listened to is one that the next program has as if nobody had touched it.
  for (const signal of IGNORED_BY_NODE) host.on(signal, () => {});
  memory.asBefore();
  const [name = '', ...words] = command;
  // env would take these for a variable and for an option.
  if (name.includes('=') || name === '-')
    host.execve?.('/bin/sh', ['sh', '-c', 'exec "$@"', 'sh', file, ...words], env);
  else host.execve?.(ENV, ['env', '--', name, ...words], env);
  throw failure('command-not-runnable', { file, problem: 'this system has no execve' });
}

/** An environment as execve takes it: without what is not set. */
export function defined(env: Context['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
