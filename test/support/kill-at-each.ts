/** A daemon is killed at one system call of a write after another: Linux with strace only. */
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { boundMs, isLong } from './figures.ts';
import { type Point, startTraced } from './killed-daemon.ts';
import { untraceable } from './traced.ts';
import type { World } from './world.ts';

/** What the short figure has of a path whose rounds take seconds. */
const OFTEN_WRONG = ['write', 'fsync', 'rename', 'unlink'];
/** Longer than bw's lock of a dead process counts, in s. */
const STALE_S = 11;

/** Why none of it can be tried here; undefined where it can. */
export const missing = process.platform === 'linux' ? untraceable() : 'needs Linux';

export const testTraced = (name: string, body: () => Promise<void>) =>
  test(
    name,
    (context: TestContext) => (missing ? context.skip(missing) : body()),
    boundMs(300_000),
  );

export interface WritePath {
  /** Brings about what `act` changes, or what the start finds. */
  prepare(): Promise<unknown>;
  /** Makes a daemon that listens write; true where that was acknowledged. Without it the start itself is tried. */
  act?(): Promise<boolean>;
  /** Which calls belong to it. */
  touches: RegExp;
  /** Fails where what stands there is neither old nor new; `done`: it was acknowledged. */
  check(done: boolean): Promise<void>;
  /** At each call also in the short figure, which else has the last one of the kinds that matter most. */
  each?: true;
}

/** Kills at each of them; gives the names of the calls at which it died. */
export async function killAtEach(
  world: World,
  { prepare, act = async () => false, touches, check, each }: WritePath,
): Promise<Set<string>> {
  const stop = async () => {
    if (world.daemonPid() !== undefined) await world.helper(['daemon', 'stop']);
  };
  const round = async (point?: Point) => {
    await stop();
    await prepare();
    await stop();
    const traced = await startTraced(world, point);
    const done = await act();
    // Where the count was another one this time it lives on.
    await stop();
    await traced.ended;
    return { calls: traced.calls(), done };
  };
  const { calls: whole } = await round();
  const all = whole.filter(({ text }) => touches.test(text)).map(({ point }) => point);
  expect(all.length).toBeGreaterThan(2);
  const lastOf = (kind: string) =>
    all.findLast(({ call, path }) => call === kind && path) ??
    all.findLast(({ call }) => call === kind) ??
    [];
  const points = isLong || each ? all : OFTEN_WRONG.flatMap(lastOf);

  const diedAt = new Set<string>();
  for (const point of points) {
    const { calls, done } = await round(point);
    const last = calls.at(-1);
    if (last?.fatal && touches.test(last.text)) diedAt.add(last.call);
    if (!isLong) makeStale(world);
    await check(done);
  }
  return diedAt;
}

/** The long figure waits the 10 s until bw's lock of the dead daemon is taken over. */
function makeStale(world: World): void {
  const past = Date.now() / 1_000 - STALE_S;
  try {
    utimesSync(join(world.dataDir, 'data.json.lock'), past, past);
  } catch {
    // It had not come so far, or was past it.
  }
}
