import type { Context } from '../context.ts';
import type { Asker } from './asker.ts';
import { createAskpass } from './askpass.ts';
import { createStdin } from './stdin.ts';
import { createTerminal } from './terminal.ts';
import type { Ways } from './ways.ts';

/** The best way to ask: for the master password, or for what only a person can answer. */
export function askerFor(
  { env, host, stdin }: Context,
  ways: Ways,
  what: 'password' | 'inPerson',
): Asker | undefined {
  const [best] = what === 'password' ? ways.all : ways.inPerson;
  if (best === 'stdin') return createStdin(stdin ?? host.stdin);
  if (best === 'askpass' && ways.askpass) return createAskpass(host, ways.askpass, env);
  return best === 'terminal' ? createTerminal(host) : undefined;
}
