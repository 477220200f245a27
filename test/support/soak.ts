/**
 * A crowd on one vault: many clients at once, a session that lasts for seconds, and a daemon that is
 * killed again and again, and in the end left to live. What each client was told is judged.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { isOver, rssOf } from './processes.ts';
import { PASSPHRASE, type SignedIn } from './signed-in.ts';
import { createJudge, type Judge, type Request } from './soak-judge.ts';

/** Longest rest of a client between two requests, ms. */
const REST_MS = 3_000;
const LOOK_MS = 1_000;
/** How long a daemon lives, ms: some end within their first session, some see it expire. */
const LIFE_MS = [2_000, 30_000] as const;

export interface SoakOptions {
  readonly clients: number;
  /** In its first half the daemon is killed at random; the one that comes then lives on. */
  readonly durationMs: number;
}

export interface Soaked extends Pick<Judge, 'counts' | 'wrong' | 'cut'> {
  /** The daemons that were killed. */
  readonly killed: readonly number[];
  readonly expired: number;
  /** Resident bytes of the last daemon, when 40 % of its time has passed and at the end. */
  readonly rss: { readonly early: number; readonly late: number };
}

/** Takes longer than `durationMs` where until then no session of the last daemon has expired. */
export async function soak(here: SignedIn, { clients, durationMs }: SoakOptions): Promise<Soaked> {
  const { world } = here;
  const env = { BW_HELPER_ASKPASS: writeAskpass(here) };
  const judge = createJudge(world);
  const killed: number[] = [];
  const started = performance.now();
  const until = (ms: number) => pass(Math.max(0, started + ms - performance.now()));
  let over = false;

  async function client(n: number): Promise<void> {
    for (let turn = 0; !over; turn += 1) {
      const { request, command } = choose(n, turn);
      const from = performance.now();
      await judge.take(request, from, await world.run(command, { env }));
      await pass(Math.random() * REST_MS);
    }
  }
  async function killer(): Promise<void> {
    const [least, most] = LIFE_MS;
    const last = started + durationMs / 2;
    while (performance.now() < last) {
      const life = least + Math.random() * (Math.min(most, durationMs / 4) - least);
      await pass(Math.min(life, last - performance.now()));
      judge.expired();
      const pid = world.daemonPid();
      if (pid === undefined) continue;
      const gone = judge.killing();
      process.kill(pid, 'SIGKILL');
      await isOver(pid);
      gone();
      killed.push(pid);
    }
  }
  const all = Array.from({ length: clients }, (_, n) => client(n));
  await killer();
  const expiredBefore = judge.expired();
  await until(0.7 * durationMs);
  const early = rssOf(world.daemonPid());
  while (performance.now() - started < durationMs) {
    judge.expired();
    await pass(LOOK_MS);
  }
  while (judge.expired() === expiredBefore) await pass(LOOK_MS);
  const late = rssOf(world.daemonPid());
  over = true;
  await Promise.all(all);
  const { counts, wrong, cut } = judge;
  return { counts, wrong, cut, killed, expired: judge.expired(), rss: { early, late } };
}

/**
 * Most want the key. The first uses it, as a bw bears no second one beside it, and locks the vault
 * behind the daemon's back.
 */
function choose(n: number, turn: number): { request: Request; command: readonly string[] } {
  if (n === 0 && turn % 16 === 1) return { request: 'bw lock', command: ['bw', 'lock'] };
  if (n === 0) return { request: 'exec', command: ['helper', 'exec', '--', 'sh', '-c', LIST] };
  if (n === 1 && turn % 60 === 9) return { request: 'lock', command: ['helper', 'lock'] };
  if (n === 2 && turn % 40 === 4) return { request: 'sync', command: ['helper', 'sync'] };
  const dice = Math.random();
  if (dice < 0.7) return { request: 'key', command: ['helper', 'get-session'] };
  if (dice < 0.9)
    return { request: 'key, unasked', command: ['helper', 'get-session', '--no-input'] };
  return { request: 'status', command: ['helper', 'status', '--json'] };
}

const LIST = 'echo "$BW_SESSION"; exec bw list items --nointeraction';

/** A program that knows the passphrase and the master password. */
function writeAskpass({ world, server }: SignedIn): string {
  const file = join(world.folder, 'master-password');
  writeFileSync(file, `${server.account.password}\n`, { mode: 0o600 });
  const script = `#!/bin/sh\ncase "$1" in Master*) cat '${file}' ;; *) echo '${PASSPHRASE}' ;; esac\n`;
  return world.program('askpass', script);
}
