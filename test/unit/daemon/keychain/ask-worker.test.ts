import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAskWorker } from '../../../../daemon/keychain/ask-worker.ts';
import type { Request } from '../../../../daemon/keychain/exchange.ts';
import { withoutDescriptors } from '../../../support/descriptors.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { isOver } from '../../../support/processes.ts';
import { testOnLinux } from '../../../support/test-where.ts';

const request: Request = { do: 'get', account: 'default', mayAsk: false };
const HANG = 'sleep 1000';

let folder: string;
let clock: ManualClock;
/** Times that were set, ms. */
let set: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-'));
  clock = manualClock();
  set = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A worker that is this script. */
function workerOf(script: string) {
  return createAskWorker({ ...parts(), command: ['/bin/sh', '-c', script] });
}

function parts() {
  return {
    spawn,
    kill: process.kill.bind(process),
    clock: {
      ...clock,
      after(ms: number, then: () => void) {
        set.push(ms);
        return clock.after(ms, then);
      },
    },
    platform: process.platform,
    env: { PATH: '/usr/bin:/bin', FOLDER: folder },
  };
}

/** What the script has written to `name`, as soon as it has. */
async function written(name: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(join(folder, name), 'utf8');
      if (text.endsWith('\n')) return text.trim();
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('the request is one line on stdin, and nothing of it in its arguments or environment', async () => {
  const worker = workerOf(
    'read -r line; printf %s "$line" >$FOLDER/in; env >$FOLDER/env; echo \'{"done":true}\'',
  );
  const stored: Request = { do: 'set', account: 'work', value: 's3cret', mayAsk: true };
  expect(await worker.ask(stored)).toEqual({ done: true });
  expect(JSON.parse(readFileSync(join(folder, 'in'), 'utf8'))).toEqual(stored);
  expect(readFileSync(join(folder, 'env'), 'utf8')).not.toContain('s3cret');
});

test('an answer that comes in pieces is one answer', async () => {
  const worker = workerOf(
    'printf \'"started"\\n{"va\'; sleep 0.1; echo \'lue":"x"}\'; exec sleep 1000',
  );
  expect(await worker.ask(request)).toEqual({ value: 'x' });
});

test('with its answer it ends, and whatever it started with it', async () => {
  const worker = workerOf(
    `${HANG} & echo $! >$FOLDER/child; echo $$ >$FOLDER/pid; echo '{"done":true}'; wait`,
  );
  await worker.ask(request);
  await isOver(Number(await written('pid')));
  await isOver(Number(await written('child')));
});

test('one that never answers is ended: its time is 5 s, and 60 s where a person may be asked', async () => {
  for (const [mayAsk, times] of [
    [false, [15_000, 5_000, 5_000]],
    [true, [15_000, 5_000, 60_000]],
  ] as const) {
    set = [];
    const worker = workerOf(
      `echo $$ >$FOLDER/pid; echo '"started"'; echo '"reached"'; exec ${HANG}`,
    );
    const asked = worker.ask({ ...request, mayAsk });
    while (set.length < times.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(set).toEqual(times);
    const [, , lastMs] = times;
    clock.advance(lastMs);
    await expect(asked).rejects.toMatchObject({
      name: 'keychain-timeout',
      message: `The system keychain gave no answer within ${lastMs / 1_000} s.`,
    });
    await isOver(Number(await written('pid')));
  }
});

test.each([
  ['exit 3', 'exit 3'],
  ['kill -SEGV $$', 'SIGSEGV'],
  ['echo "started"', 'is not understood'],
  ['echo \'{"value":1}\'', 'is not understood'],
  ['yes | tr -d "\\n"', 'is not understood'],
])('%s is a failure of the keychain and not of the daemon', async (script, detail) => {
  expect(await workerOf(script).ask(request)).toEqual({
    refused: 'failed',
    detail: expect.stringContaining(detail),
  });
});

test('one that cannot be started is told so', async () => {
  const worker = createAskWorker({ ...parts(), command: [join(folder, 'nothing')] });
  expect(await worker.ask(request)).toMatchObject({
    refused: 'failed',
    detail: expect.stringContaining('ENOENT'),
  });
});

testOnLinux(
  'one that cannot be started for want of descriptors says nothing about the keychain',
  async () => {
    const worker = workerOf('echo');
    const asked = withoutDescriptors(() => worker.ask(request));
    await expect(asked).rejects.toMatchObject({ name: 'too-many-files' });
  },
);

test('stop ends every one that is under way', async () => {
  const worker = workerOf(`echo $$ >$FOLDER/pid; exec ${HANG}`);
  const asked = worker.ask(request);
  const pid = Number(await written('pid'));
  worker.stop();
  expect(await asked).toMatchObject({ refused: 'failed' });
  await isOver(pid);
});
