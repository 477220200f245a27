/** A daemon whose clock a test sets, by libfaketime. Started directly: whoever else starts it keeps LD_PRELOAD out. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonMain } from './product.ts';
import type { World } from './world.ts';

const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));

/** Whether this system can do it. */
export const clockCanBeFaked = LIBRARY !== undefined;

export interface FakedClock {
  /** Moves the wall clock against the true time: `+13h`, `-2d`, `+5s`. */
  step(by: string): void;
}

/** Resolves when the daemon listens; it ends with its world. */
export async function startWithFakedClock(world: World): Promise<FakedClock> {
  const file = join(world.folder, 'faketime');
  writeFileSync(file, '+0\n');
  const child = spawn(process.execPath, ['--disable-sigusr1', daemonMain], {
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
  return { step: (by) => writeFileSync(file, `${by}\n`) };
}
