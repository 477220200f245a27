/** Options that several commands take, and what they mean. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DURATION_HINT, parseDuration } from '../../shared/duration.ts';
import type { Asking } from '../context.ts';

export interface Flags {
  readonly input: boolean;
  readonly passwordStdin?: boolean;
  readonly idle?: number;
  readonly max?: number;
  readonly wait?: number;
}

export function asking(command: Command): Command {
  return command.option('--no-input', 'never ask anybody; fail instead');
}

export function unlocking(command: Command): Command {
  return asking(command)
    .addOption(new Option('--password-stdin', 'the master password is the first line of stdin'))
    .option('--idle <time>', 'end the session when it is not used for this long', duration)
    .option('--max <time>', 'end the session after this long in any case', duration)
    .option('--wait <time>', 'if nobody can be asked here, wait for an unlock elsewhere', duration);
}

export function wantedOf({ idle, max, wait }: Flags) {
  return {
    ...(idle !== undefined && { idleMs: idle }),
    ...(max !== undefined && { maxMs: max }),
    ...(wait !== undefined && { waitMs: wait }),
  };
}

export function askingOf({ input, passwordStdin = false }: Flags): Asking {
  return { input, passwordStdin };
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${DURATION_HINT}.`);
  return ms;
}

export function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number above 0.');
  return Number(text);
}
