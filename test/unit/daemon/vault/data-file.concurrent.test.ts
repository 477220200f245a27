import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Clock } from '../../../../daemon/system/clock.ts';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { folderWith, hastyClock, loggedIn, SLOT_KEY, session } from './samples.ts';

const program = fileURLToPath(new URL('writes-in-place.ts', import.meta.url));
const WRITES = 20;

/** Lets time pass, but little of it. */
function briskClock(): Clock {
  return {
    ...hastyClock(),
    after(ms, then) {
      const timer = setTimeout(then, Math.min(ms, 10));
      return () => clearTimeout(timer);
    },
  };
}

test('beside two programs that write in place, nobody loses a key and our key stays live', async () => {
  const { key, slot } = session();
  const folder = folderWith(loggedIn({ [SLOT_KEY]: slot }));
  const file = openDataFile(folder, { clock: briskClock(), platform: process.platform });
  const names = ['one', 'two'];
  const others = names.map((name) => {
    const args = [program, join(folder, 'data.json'), name, String(WRITES)];
    return once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
  });
  let running = true;
  const all = Promise.all(others).finally(() => {
    running = false;
  });

  const ours = (async () => {
    for (let n = 0; n < WRITES; n += 1) await file.update((json) => ({ ...json, [`ours${n}`]: n }));
  })();
  const verdicts = new Set<string>();
  while (running) {
    verdicts.add(await file.checkKey(key));
    await new Promise(setImmediate);
  }
  await ours;

  expect(await all).toEqual([
    [0, null],
    [0, null],
  ]);
  expect([...verdicts]).toEqual(['live']);
  const expected = [...names, 'ours'].flatMap((name) =>
    Array.from({ length: WRITES }, (_, n) => `${name}${n}`),
  );
  expect(Object.keys((await file.read()) ?? {})).toEqual(expect.arrayContaining(expected));
});
