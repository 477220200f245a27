import { untilAborted } from '../shared/until-aborted.ts';

export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs one task at a time, in the order they came; a failed task does not stop the next. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const mine = last.then(task, task);
    last = mine.catch(() => {});
    return mine;
  };
}

/**
 * Runs `task` in its turn, unless `cut` is aborted before that: then it rejects at once, with the reason
 * of `cut`, and the task never begins. One that has begun is waited for.
 */
export async function inTurn<T>(
  queue: Queue,
  cut: AbortSignal,
  task: () => Promise<T>,
): Promise<T> {
  const turn = Promise.withResolvers<void>();
  const done = queue(async () => {
    cut.throwIfAborted();
    turn.resolve();
    return await task();
  });
  // Nobody listens any more where it was cut before its turn.
  done.catch(() => {});
  await untilAborted(turn.promise, cut);
  return await done;
}
