/** How the daemon leaves: nobody new, vault locked, keys wiped, answers sent, socket gone. */

import type { Instance } from './instance.ts';
import type { Log } from './log.ts';
import type { Profiles } from './profiles.ts';
import type { Clock } from './system/clock.ts';

/** Longest time for the last answers to be read. */
const LAST_WORDS_MS = 1_000;

export interface Leaving {
  /** Ends every connection once what was written is out. */
  readonly drop: () => Promise<unknown>;
  readonly profiles: Profiles;
  /** Forgets what opens the keychains. */
  readonly forget: () => void;
  readonly instance: Instance;
}

export interface Leave {
  /** Aborted when we leave: for each bw that is under way. */
  signal(): AbortSignal;
  onLeave(leaving: Leaving): void;
  /** Resolves when everything is locked and wiped; the process ends a moment later. */
  begin(why: string): Promise<void>;
  /** The same after a fault of ours, with exit code 70. */
  crash(thrown: unknown): void;
}

export function createLeave(parts: {
  readonly clock: Clock;
  readonly log: Log;
  readonly exit: (code: number) => void;
}): Leave {
  const { clock, log, exit } = parts;
  let running = new AbortController();
  let leaving: Leaving | undefined;
  let left: Promise<void> | undefined;
  let code = 0;

  async function leave(why: string): Promise<void> {
    log.info('leaving', { why });
    // Nobody new comes; what still listens keeps the process alive until all is done.
    leaving?.instance.release();
    // Asked anew each time: who is connected can still have one built.
    const profiles = () => leaving?.profiles.served ?? [];
    const settled = () => Promise.all(profiles().map((profile) => profile.settled()));
    const stopped = () => Promise.all(profiles().map(({ sessions }) => sessions.stop()));
    // What bw is doing for others ends, and its staged copy with the client_secret goes with it.
    running.abort();
    // An unlock that waits for the keychain ends too.
    leaving?.forget();
    await settled();
    // A `bw lock` of our own may still have to run; after it nothing starts any more.
    running = new AbortController();
    await stopped();
    running.abort();
    await settled();
    await stopped();
    leaving?.forget();
    // The answer to `daemon.stop` itself is written after this resolves.
    setImmediate(() => leaving?.drop().then(() => exit(code)));
    clock.after(LAST_WORDS_MS, () => exit(code));
  }

  const begin = (why: string) => {
    left ??= leave(why);
    return left;
  };
  return {
    signal: () => running.signal,
    onLeave(what) {
      leaving = what;
    },
    begin,
    crash(thrown) {
      code = 70;
      log.warn('crash', { kind: (thrown as Error)?.name });
      begin('crash').finally(() => exit(code));
    },
  };
}
