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
