/** Which ways there are to ask for a secret here; part of every request, so it loads nothing heavy. */
import type { Asking as Way } from '../../shared/protocol.ts';
import type { Asking, Context } from '../context.ts';
import { askpassProgram } from './askpass.ts';
import { terminalState } from './terminal-state.ts';

export interface Ways {
  /** For the master password; the best first. */
  readonly all: Way[];
  /** Without stdin: for what only a person can answer. */
  readonly inPerson: Way[];
  /** Where the person sits, for others who wait. */
  readonly label: string;
  readonly askpass: string | undefined;
  /** The keychain of the system may open a window here. */
  readonly desktop: boolean;
}

/** A background job is no way: asking there would stop it. */
export function waysToAsk(context: Context, { input, passwordStdin, runsBw }: Asking): Ways {
  const { env, host } = context;
  const { state, label } = terminalState(host);
  const askpass = input ? askpassProgram(env, state === 'ready') : undefined;
  const inPerson: Way[] = askpass ? ['askpass'] : [];
  // An askpass program answers in place of the terminal, but what bw asks for at a login it cannot know.
  if (input && state === 'ready' && (!askpass || runsBw)) inPerson.push('terminal');
  const all: Way[] = passwordStdin ? ['stdin', ...inPerson] : inPerson;
  return { all, inPerson, label, askpass, desktop: input && onDesktop(context) };
}

// Over SSH its window would open where nobody sits. Of the others each has a desktop.
function onDesktop({ env, platform }: Context): boolean {
  if (env.SSH_CONNECTION || env.SSH_TTY) return false;
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}
