/** Who calls, and the calls back to them on the connection of their open request. */
import type { Channel } from '../shared/channel.ts';
import { failure } from '../shared/errors.ts';
import { PROMPT_IDLE_MS } from '../shared/limits.ts';
import { DEFAULT_PROFILE } from '../shared/profile-name.ts';
import type { Asking, Params, Result, ToClient, ToDaemon } from '../shared/protocol.ts';
import { Secret } from '../shared/secret.ts';
import { printable } from '../shared/text.ts';
import type { Clock } from './system/clock.ts';

/** The client watches its own keys; the daemon waits this much longer for a client that is stopped. */
const PROMPT_GRACE_MS = 10_000;

export type Question = Params<ToClient, 'prompt.secret'>;

export interface Caller {
  /** From the kernel, for display and logs only: a pid can be reused. */
  readonly pid: number | undefined;
  /** By the kernel's word; undefined on Windows. */
  readonly uid: number | undefined;
  /** Where the person sits: `pts/3`. */
  readonly label: string;
  readonly can: readonly Asking[];
  /** A keychain of the system may open a window where this person sits. */
  readonly desktop: boolean;
  /** The profile that it asks about. */
  readonly profile: string;
  /** The caller's BITWARDENCLI_APPDATA_DIR. */
  readonly dataDir: string | undefined;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** Asks the person; rejects with prompt-cancelled, prompt-timeout, or the client's own failure. */
  ask(question: Question): Promise<Secret>;
  /** Has bw run on the person's terminal; rejects with prompt-cancelled, or the client's own failure. */
  runBw(invocation: Params<ToClient, 'bw.run'>): Promise<Result<ToClient, 'bw.run'>>;
  /** Tells the person that somebody else is being asked. */
  waiting(where: string): void;
}

export interface Connection {
  readonly caller: Caller;
  greet(hello: Params<ToDaemon, 'hello'>): void;
  readonly greeted: boolean;
  /** What hello said; 0 before it. */
  readonly version: number;
  activity(): void;
}

/** One connection's caller; it can be asked once it has said hello. */
export function createCaller(
  channel: () => Channel<ToClient>,
  peer: { uid: number; pid?: number } | undefined,
  gone: AbortSignal,
  clock: Clock,
): Connection {
  let hello: Params<ToDaemon, 'hello'> | undefined;
  let onActivity = () => {};

  const caller: Caller = {
    pid: peer?.pid,
    uid: peer?.uid,
    get label() {
      return printable(hello?.label ?? '');
    },
    get can() {
      return hello?.can ?? [];
    },
    get desktop() {
      return hello?.desktop ?? false;
    },
    get profile() {
      return hello?.profile ?? DEFAULT_PROFILE;
    },
    get dataDir() {
      return hello?.dataDir;
    },
    gone,
    async ask(question) {
      const silence = Promise.withResolvers<never>();
      let cancel = () => {};
      onActivity = () => {
        cancel();
        cancel = clock.after(PROMPT_IDLE_MS + PROMPT_GRACE_MS, () =>
          silence.reject(failure('prompt-timeout')),
        );
      };
      onActivity();
      try {
        const call = channel().call('prompt.secret', question);
        const { value } = await Promise.race([call, silence.promise]);
        return new Secret(value);
      } finally {
        cancel();
        onActivity = () => {};
      }
    },
    runBw: (invocation) => channel().call('bw.run', invocation),
    waiting: (where) => channel().notify('prompt.waiting', { where }),
  };

  return {
    caller,
    greet(said) {
      hello = said;
    },
    get greeted() {
      return hello !== undefined;
    },
    get version() {
      return hello?.version ?? 0;
    },
    activity: () => onActivity(),
  };
}

/** Whether there is a person to ask: a terminal, or an askpass program. */
export function inPerson({ can }: Caller): boolean {
  return can.includes('terminal') || can.includes('askpass');
}
