/**
 * Whom to ask, and who waits. Everybody who needs the same thing waits in one group; one person at a
 * time is asked, and who cannot or will not answer drops out and the next is asked.
 */
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import { type Caller, inPerson, type Question } from './caller.ts';
import type { Clock } from './system/clock.ts';

/** An answer, and what to do with the one who gave it if it was wrong. */
export interface Answer {
  readonly secret: Secret;
  /** It came from stdin: its giver cannot be asked again. */
  readonly fromStdin: boolean;
  /** Ends the wait of the one who answered. */
  refuse(reason: Failure): void;
}

/** The callers that wait for one outcome. */
export interface Waiters<T> {
  /** Waits for the outcome; rejects with what became of this caller. */
  join(caller: Caller, waitMs?: number): Promise<T>;
  /** Asks one after the other until one answers; rejects when nobody is left. */
  ask(question: Question): Promise<Answer>;
  /** Whether one of them sits at a desktop. */
  readonly desktop: boolean;
  resolve(value: T): void;
  reject(reason: Failure): void;
}

interface Waiter<T> {
  readonly caller: Caller;
  hasStdin: boolean;
  /** Said for how long it will wait for somebody else. */
  readonly patient: boolean;
  settle(outcome: { value: T } | { reason: Failure }): void;
  /** Resolves when it was settled. */
  readonly left: Promise<undefined>;
}

/** An empty group. */
export function createWaiters<T>(clock: Clock): Waiters<T> {
  const waiting = new Set<Waiter<T>>();
  // Replaced at each change of the group.
  let change = Promise.withResolvers<void>();
  // The person at a prompt keeps it while a password from somebody's stdin is tried.
  let asked: { waiter: Waiter<T>; answer: Promise<Answer | undefined> } | undefined;

  function changed(): void {
    if (asked && !waiting.has(asked.waiter)) asked = undefined;
    change.resolve();
    change = Promise.withResolvers<void>();
  }

  function join(caller: Caller, waitMs?: number): Promise<T> {
    const hasStdin = caller.can.includes('stdin');
    // Who cannot be asked is not kept waiting, unless it said for how long.
    if (waitMs === undefined && !hasStdin && !inPerson(caller))
      return Promise.reject(failure('vault-locked'));
    // The time is for who waits for others; who can answer is not cut off at the prompt.
    const patient = waitMs !== undefined && !hasStdin && !inPerson(caller);
    const outcome = Promise.withResolvers<T>();
    const left = Promise.withResolvers<undefined>();
    const leave = () => waiter.settle({ reason: failure('prompt-cancelled') });
    const cancelWait = patient
      ? clock.after(waitMs, () => waiter.settle({ reason: failure('vault-locked') }))
      : () => {};
    const waiter: Waiter<T> = {
      caller,
      hasStdin,
      patient,
      settle(result) {
        if (!waiting.delete(waiter)) return;
        cancelWait();
        caller.gone.removeEventListener('abort', leave);
        if ('value' in result) outcome.resolve(result.value);
        else outcome.reject(result.reason);
        left.resolve(undefined);
        changed();
      },
      left: left.promise,
    };
    waiting.add(waiter);
    if (caller.gone.aborted) leave();
    else caller.gone.addEventListener('abort', leave, { once: true });
    if (asked) caller.waiting(asked.waiter.caller.label);
    changed();
    return outcome.promise;
  }

  async function ask(question: Question): Promise<Answer> {
    for (;;) {
      if (waiting.size === 0) throw nobodyFor(question);
      const answer = (await askStdin(question)) ?? (await askPerson(question));
      if (answer) return answer;
    }
  }

  // A password from stdin never waits behind a person.
  async function askStdin(question: Question): Promise<Answer | undefined> {
    if (question.what !== 'master-password') return undefined;
    const waiter = [...waiting].find(({ hasStdin }) => hasStdin);
    if (!waiter) return undefined;
    waiter.hasStdin = false;
    // Its client may be stopped, and never answer.
    return await Promise.race([answerOf(waiter, question, true), waiter.left]);
  }

  // Undefined when the group changed meanwhile: somebody else may be the one to ask now.
  async function askPerson(question: Question): Promise<Answer | undefined> {
    if (!asked) {
      const waiter = [...waiting].find(({ caller }) => inPerson(caller));
      if (!waiter) return await missPerson(question);
      asked = { waiter, answer: answerOf(waiter, question, false) };
      for (const other of waiting) if (other !== waiter) other.caller.waiting(waiter.caller.label);
    }
    const { answer } = asked;
    const outcome = await Promise.race([answer, change.promise]);
    if (outcome) asked = undefined;
    return outcome ?? undefined;
  }

  // Who is left gave a password by stdin that does not answer this, or waits for others to come.
  async function missPerson(question: Question): Promise<undefined> {
    const next = change.promise;
    for (const waiter of [...waiting])
      if (!waiter.patient) waiter.settle({ reason: nobodyFor(question) });
    if (waiting.size > 0) await next;
  }

  async function answerOf(
    waiter: Waiter<T>,
    question: Question,
    fromStdin: boolean,
  ): Promise<Answer | undefined> {
    try {
      const secret = await waiter.caller.ask(question);
      if (!waiting.has(waiter)) return void secret.wipe();
      return { secret, fromStdin, refuse: (reason) => waiter.settle({ reason }) };
    } catch (thrown) {
      waiter.settle({ reason: toFailure(thrown) });
      return undefined;
    }
  }

  return {
    join,
    ask,
    get desktop() {
      return [...waiting].some(({ caller }) => caller.desktop);
    },
    resolve: (value) => {
      for (const waiter of [...waiting]) waiter.settle({ value });
    },
    reject: (reason) => {
      for (const waiter of [...waiting]) waiter.settle({ reason });
    },
  };
}

function nobodyFor({ what }: Question): Failure {
  return failure(what === 'master-password' ? 'vault-locked' : 'keychain-locked');
}
