/** How the daemon leaves: nobody new, vault locked, keys wiped, answers sent, socket gone. */

import { failure } from '../shared/errors.ts';
import type { Instance } from './instance.ts';
import type { LeftOpen, StillOpen } from './left-open.ts';
import type { Log } from './log.ts';
import type { Profile } from './profile.ts';
import type { Profiles } from './profiles.ts';
import type { Clock } from './system/clock.ts';

/** Longest time for the last answers to be read. */
const LAST_WORDS_MS = 1_000;

export interface Leaving {
  /** Ends every connection once what was written is out. */
  readonly drop: () => Promise<unknown>;
  readonly profiles: Profiles;
  readonly leftOpen: LeftOpen;
  /** Forgets what opens the keychains. */
  readonly forget: () => void;
  readonly instance: Instance;
}

export interface Leave {
  /** Aborted when we leave: for each bw that is under way. */
  signal(): AbortSignal;
  onLeave(leaving: Leaving): void;
  /** Resolves when everything is wiped and locked, with what could not be; the process ends a moment later. */
  begin(why: string): Promise<readonly StillOpen[]>;
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
  let left: Promise<readonly StillOpen[]> | undefined;
  let code = 0;

  async function leave(why: string): Promise<readonly StillOpen[]> {
    log.info('leaving', { why });
    // Nobody new comes; what still listens keeps the process alive until all is done.
    leaving?.instance.release();
    // Asked anew each time: who is connected can still have one built.
    const profiles = () => leaving?.profiles.served ?? [];
    const settled = () => Promise.all(profiles().map((profile) => profile.settled()));
    const stopped = async () => (await Promise.all(profiles().map(stopOne))).flat();
    // What bw is doing for others ends, and its staged copy with the client_secret goes with it.
    running.abort();
    // An unlock that waits for the keychain ends too.
    leaving?.forget();
    await settled();
    // A `bw lock` of our own may still have to run; after it nothing starts any more.
    running = new AbortController();
    const open = await stopped();
    running.abort();
    await settled();
    open.push(...(await stopped()));
    leaving?.forget();
    // The answer to `daemon.stop` itself is written after this resolves.
    setImmediate(() => leaving?.drop().then(() => exit(code)));
    clock.after(LAST_WORDS_MS, () => exit(code));
    // What another daemon has is its own matter.
    const earlier = leaving?.leftOpen.all().filter(({ why }) => why.name !== 'profile-in-use');
    return [...open, ...(earlier ?? [])];
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

async function stopOne({ name, sessions }: Profile): Promise<StillOpen[]> {
  const problem = await sessions.stop();
  return problem === undefined
    ? []
    : [{ profile: name, why: failure('lock-failed', { problem }).row }];
}
