/**
 * What `work` gives, unless `signal` is aborted first: then it rejects with `reason`, and nobody hears
 * what becomes of the work.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  const cut = Promise.withResolvers<never>();
  const abort = () => cut.reject(reason());
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, cut.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
