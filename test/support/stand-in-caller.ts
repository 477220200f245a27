import type { Caller, Question } from '../../daemon/caller.ts';
import { failure } from '../../shared/errors.ts';
import type { Asking } from '../../shared/protocol.ts';
import { Secret } from '../../shared/secret.ts';

/** A caller whose person a test plays. */
export interface StandIn extends Caller {
  /** What it was asked, oldest first; each stays open until it is answered. */
  readonly asked: Question[];
  /** Whom it was told it waits for. */
  readonly waitsFor: string[];
  answer(password: string): void;
  cancel(): void;
  leave(): void;
}

export function standIn(label: string, can: Asking[] = ['terminal']): StandIn {
  const gone = new AbortController();
  const open: PromiseWithResolvers<Secret>[] = [];
  const caller: StandIn = {
    pid: 1,
    uid: 1_000,
    label,
    can,
    desktop: false,
    profile: 'default',
    dataDir: undefined,
    gone: gone.signal,
    asked: [],
    waitsFor: [],
    ask(question) {
      caller.asked.push(question);
      const prompt = Promise.withResolvers<Secret>();
      open.push(prompt);
      return prompt.promise;
    },
    runBw: () => Promise.reject(failure('bad-request', { problem: 'it runs no bw' })),
    waiting: (where) => caller.waitsFor.push(where),
    answer: (password) => open.shift()?.resolve(new Secret(password)),
    cancel: () => open.shift()?.reject(failure('prompt-cancelled')),
    leave() {
      gone.abort();
      for (const prompt of open.splice(0)) prompt.reject(failure('prompt-cancelled'));
    },
  };
  return caller;
}

/** Lets everything happen that needs no time to pass. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
