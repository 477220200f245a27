/**
 * Asks the person at the controlling terminal. The prompt goes to the terminal, never to stdout. Only
 * keys pressed after it appeared count, as with ssh and sudo: what was typed ahead was echoed, and
 * meant for something else.
 */
import { failure } from '../../shared/errors.ts';
import { PROMPT_IDLE_MS } from '../../shared/limits.ts';
import type { Secret } from '../../shared/secret.ts';
import { untilAborted } from '../../shared/until-aborted.ts';
import { type Asker, type Host, type Question, typedTwice } from './asker.ts';
import { type Device, openDevice } from './device.ts';
import { afterStop, beforeDeath, stopJob } from './signals.ts';
import { inForeground } from './terminal-state.ts';
import { type Prompt, startTyping } from './typing.ts';

/** Asks with or without echo. All of them reject as `secret` does. */
export interface Terminal extends Asker {
  /** A line that may be seen, without blanks around it. */
  visible(question: Question, signal: AbortSignal): Promise<string>;
  /** Yes or no; Enter alone is no. */
  confirm(question: Question, signal: AbortSignal): Promise<boolean>;
}

/** `idleMs` without a key end a prompt with prompt-timeout. */
export function createTerminal(host: Host, idleMs = PROMPT_IDLE_MS): Terminal {
  const shown = async (
    question: Question & Pick<Prompt, 'above'>,
    allowEmpty: boolean,
    signal: AbortSignal,
  ) => {
    const answer = await ask(host, idleMs, { ...question, echo: true, allowEmpty }, signal);
    return answer.reveal().trim();
  };
  return {
    secret(question, signal) {
      const hidden = { ...question, echo: false, allowEmpty: false };
      const once = (prompt: string) => ask(host, idleMs, { ...hidden, prompt }, signal);
      return question.confirm ? typedTwice(question.prompt, once) : once(question.prompt);
    },
    visible: (question, signal) => shown(question, false, signal),
    async confirm(question, signal) {
      const asked = { ...question, above: question.prompt, prompt: '[y/N]' };
      return /^y(es)?$/i.test(await shown(asked, true, signal));
    },
  };
}

async function ask(
  host: Host,
  idleMs: number,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<Secret> {
  // A read in the background would stop the whole job, which may have gone there since it said hello.
  if (!(await inForeground(host))) throw failure('prompt-timeout');
  signal.throwIfAborted();
  const device = openDevice(host.platform);
  const late = Promise.withResolvers<never>();
  const idle = setTimeout(() => late.reject(failure('prompt-timeout')), idleMs);
  const onKey = () => {
    idle.refresh();
    prompt.onKey?.();
  };
  const typing = startTyping(device, { ...prompt, onKey }, () => {
    device.restore();
    stopJob(host);
  });
  const listening = [
    beforeDeath(host, () => giveBack(device)),
    afterStop(host, () => typing.begin()),
  ];
  // Last: who sees the prompt may do anything to us.
  typing.begin();
  try {
    return await untilAborted(Promise.race([typing.line, late.promise]), signal);
  } finally {
    clearTimeout(idle);
    for (const end of listening) end();
    typing.stop();
    giveBack(device);
    device.close();
  }
}

// Every way out leaves the cursor on a line of its own.
function giveBack(device: Device): void {
  device.restore();
  device.write('\n');
}
