/** The way of Windows, with programs of this system. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { forward } from '../../../../client/exec/forward.ts';
import type { Host } from '../../../../client/prompt/asker.ts';

function setUp() {
  const host = new EventEmitter();
  const run = (...command: string[]) =>
    forward(host as unknown as Host, { file: '/bin/sh', command, env: { GIVEN: '7' } });
  const listeners = () =>
    ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGBREAK'].map((name) => host.listenerCount(name));
  return { host, run, listeners };
}

test('it gives the exit code of the command, which has the environment that it was given', async () => {
  const { run, listeners } = setUp();
  expect(await run('sh', '-c', 'exit $GIVEN')).toBe(7);
  expect(listeners()).toEqual([0, 0, 0, 0]);
});

test('a signal that ends one process is passed on; Ctrl-C reaches all of a console by itself', async () => {
  const { host, run } = setUp();
  const ended = run('sh', '-c', 'exec sleep 60');
  host.emit('SIGINT', 'SIGINT');
  host.emit('SIGTERM', 'SIGTERM');
  expect(await ended).toBe(1);
});

test('what cannot be started is told', async () => {
  const { host } = setUp();
  const start = { file: '/nonexistent', command: ['x'], env: {} };
  await expect(forward(host as unknown as Host, start)).rejects.toMatchObject({
    name: 'command-not-runnable',
  });
});
