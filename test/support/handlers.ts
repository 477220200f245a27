import type { Handlers } from '../../shared/channel.ts';
import type { Table } from '../../shared/protocol.ts';

/** Handlers for every method of a table; those not given fail. */
export function handlersOf<T extends Table>(table: T, given: Partial<Handlers<T>>): Handlers<T> {
  const unexpected = () => {
    throw new Error('called by mistake');
  };
  const all = Object.keys(table).map((method) => [method, unexpected]);
  return { ...Object.fromEntries(all), ...given } as Handlers<T>;
}
