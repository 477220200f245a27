/** A daemon whose clock a test sets, by libfaketime. Started directly: whoever else starts it keeps LD_PRELOAD out. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonMain } from './product.ts';
import { isRoot } from './test-where.ts';
import type { World } from './world.ts';

const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));

/** Where Node reads the time since boot (24), with another file in its place for one program. */
const WITH_UPTIME = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount --bind "$0" /proc/uptime && exec "$@"',
] as const;

/** Whether this system can do it. */
export const clockCanBeFaked = LIBRARY !== undefined;

/** Whether it can also be made to sleep: that takes root. */
export const sleepCanBeFaked = clockCanBeFaked && isRoot() && canReplaceUptime();

export interface FakedClock {
  /** Moves the wall clock against the true time: `+13h`, `-2d`, `+5s`. */
  step(by: string): void;
  /**
   * As if the machine slept meanwhile: the daemon stands still, also its monotonic clock but for the
   * moments that this takes. The time since boot has gone on by `hours` when it wakes, and the wall
   * clock with it unless it stood still too. `meanwhile` is called while it sleeps.
   */
  sleep<T>(hours: number, options: { wall: boolean; meanwhile?: () => T }): T | undefined;
}

/** Resolves when the daemon listens; it ends with its world. */
export async function startWithFakedClock(world: World): Promise<FakedClock> {
  const file = join(world.folder, 'faketime');
  writeFileSync(file, '+0\n');
  const uptime = join(world.folder, 'uptime');
  const bootSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  let slept = 0;
  const setUptime = () => writeFileSync(uptime, `${bootSeconds + slept * 3_600} 0.00\n`);
  setUptime();
  const own = sleepCanBeFaked ? [...WITH_UPTIME, uptime] : [];
  const [program = '', ...args] = [...own, process.execPath, '--disable-sigusr1', daemonMain];
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...world.env,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  child.unref();
  for await (const text of child.stdout.setEncoding('utf8'))
    if (String(text).includes('ready')) break;
  const step = (by: string) => writeFileSync(file, `${by}\n`);
  return {
    step,
    sleep(hours, { wall, meanwhile }) {
      child.kill('SIGSTOP');
      slept += hours;
      setUptime();
      if (wall) step(`+${slept}h`);
      const done = meanwhile?.();
      child.kill('SIGCONT');
      return done;
    },
  };
}

function canReplaceUptime(): boolean {
  const [unshare, ...how] = WITH_UPTIME;
  return spawnSync(unshare, [...how, '/dev/null', 'true']).status === 0;
}
