/** Answers the daemon's calls back: whom we can ask, and how a question reads. */
import type { Handlers } from '../shared/channel.ts';
import { Failure, failure, toFailure } from '../shared/errors.ts';
import type { Params, ToClient, Asking as Way } from '../shared/protocol.ts';
import { printable } from '../shared/text.ts';
import type { Asking, Context } from './context.ts';
import { interrupted } from './prompt/asker.ts';
import { waysToAsk } from './prompt/ways.ts';

type Wanted = Params<ToClient, 'prompt.secret'>;

export interface Answering {
  /** What hello says of us. */
  readonly can: Way[];
  readonly label: string;
  readonly desktop: boolean;
  handlers(onKey: () => void): Handlers<ToClient>;
  /** What the daemon gave as the reason, or what we know better: that it was Ctrl-C. */
  reason(given: unknown): unknown;
  /** Withdraws an open question; resolves when the terminal is as it was. */
  stop(): Promise<void>;
}

export function createAnswering(context: Context, asking: Asking): Answering {
  const ways = waysToAsk(context, asking);
  const withdrawn = new AbortController();
  let open: Promise<unknown> = Promise.resolve();
  let failed: Failure | undefined;
  let bwInterrupted = false;

  async function answer(wanted: Wanted, onKey: () => void): Promise<{ value: string }> {
    // Loaded only when somebody is really asked.
    const { askerFor } = await import('./prompt/asking.ts');
    const asker = askerFor(
      context,
      ways,
      wanted.what === 'master-password' ? 'password' : 'inPerson',
    );
    if (!asker) throw failure('prompt-cancelled');
    const question = {
      prompt: promptFor(wanted),
      confirm: wanted.what === 'new-passphrase',
      onKey,
    };
    await context.memory.hide();
    const secret = await asker.secret(question, withdrawn.signal);
    const value = secret.reveal();
    secret.wipe();
    return { value };
  }

  async function runBw(invocation: Params<ToClient, 'bw.run'>) {
    if (!asking.runsBw) throw failure('bad-request', { problem: 'no login is under way here' });
    // What it is given may hold client_secret, and what it answers is a session key.
    await context.memory.hide();
    const { runBwOnTerminal } = await import('./bw-on-terminal.ts');
    const ran = await runBwOnTerminal(context, invocation, withdrawn.signal);
    // What some versions do at Ctrl-C (2023.12.1, 2026.9.0). At Ctrl-D, and at the end of stdin, they
    // print no such line (2023.12.1, 2025.4.0, 2026.9.0).
    bwInterrupted = ran.exitCode === 0 && ran.stdout === '\n';
    return ran;
  }

  /** Remembers what became of it: the daemon is told too, but not that it was Ctrl-C. */
  function watched<T>(answered: Promise<T>): Promise<T> {
    open = answered.catch((thrown) => {
      failed = toFailure(thrown);
    });
    return answered;
  }

  return {
    can: ways.all,
    label: ways.label,
    desktop: ways.desktop,
    handlers: (onKey) => ({
      'prompt.secret': (wanted) => watched(answer(wanted, onKey)),
      'bw.run': (invocation) => watched(runBw(invocation)),
      'prompt.waiting'({ where }) {
        context.output.say(
          `helper: waiting for the password in ${printable(where) || 'another program'} …`,
        );
        return undefined;
      },
      progress: () => undefined,
    }),
    reason(given) {
      if (failed) return failed;
      const cancelled = given instanceof Failure && given.is('prompt-cancelled');
      return cancelled && bwInterrupted ? interrupted() : given;
    },
    async stop() {
      withdrawn.abort(failure('prompt-cancelled'));
      await open;
    },
  };
}

function promptFor({ what, subject, attempt }: Wanted): string {
  const again = attempt > 1;
  if (what === 'new-passphrase')
    return `${again ? 'It must not be empty. ' : ''}Choose a passphrase for ${subject}: `;
  const name = what === 'master-password' ? 'Master password for' : 'Passphrase of';
  return `${again ? 'That was wrong, try again. ' : ''}${name} ${subject}: `;
}
