import { isatty } from 'node:tty';
import { failure } from '../../shared/errors.ts';
import { callDaemon } from '../connect.ts';
import type { Asking, Context } from '../context.ts';

const STDOUT = 1;

/**
 * `helper answer client-id|client-secret`: the stored value and a newline on stdout, for scripts that
 * must have it. Throws `usage` where a terminal would show it, unless by `force`.
 */
export async function answer(
  context: Context,
  what: 'client-id' | 'client-secret',
  force: boolean,
  asking: Asking,
): Promise<void> {
  if (isatty(STDOUT) && !force)
    throw failure('usage', {
      problem: `This would show ${what} on the terminal: send it elsewhere, or pass --force.`,
    });
  await context.memory.hide();
  const { value } = await callDaemon(context, 'secret.answer', { what }, { asking, start: true });
  context.output.data(value);
}
