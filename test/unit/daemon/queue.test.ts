import { expect, test } from 'vitest';
import { createQueue, inTurn } from '../../../daemon/queue.ts';
import { failure } from '../../../shared/errors.ts';

const cancelled = () => failure('prompt-cancelled');

test('what is cut while it waits for its turn is over at once, and never begins', async () => {
  const queue = createQueue();
  const before = Promise.withResolvers<void>();
  const first = queue(() => before.promise);
  const cutting = new AbortController();
  let began = false;
  const waiting = inTurn(queue, cutting.signal, async () => {
    began = true;
  });
  cutting.abort(cancelled());
  await expect(waiting).rejects.toMatchObject({ name: 'prompt-cancelled' });
  before.resolve();
  await first;
  expect(await queue(async () => 'the next')).toBe('the next');
  expect(began).toBe(false);
});

test('what has begun when it is cut is waited for', async () => {
  const cutting = new AbortController();
  const work = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const done = inTurn(createQueue(), cutting.signal, () => {
    begun.resolve();
    return work.promise;
  });
  await begun.promise;
  cutting.abort(cancelled());
  work.resolve('done');
  expect(await done).toBe('done');
});

test('its failure is the one of the work', async () => {
  const { signal } = new AbortController();
  const failed = inTurn(createQueue(), signal, () => Promise.reject(failure('wrong-password')));
  await expect(failed).rejects.toMatchObject({ name: 'wrong-password' });
});
