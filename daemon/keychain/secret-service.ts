/**
 * What keytar does not tell of Linux's Secret Service: why it cannot be reached, whether it is locked,
 * whether an item is there. By libsecret itself, the library that keytar calls, so that both see the
 * same; koffi, which binds it, is here anyway. For the worker only: each call may block for ever.
 */
import koffi from 'koffi';
import type { Reason } from './exchange.ts';

/** `detail` is foreign text. */
export class Refused extends Error {
  readonly reason: Reason;
  readonly detail: string;

  constructor(reason: Reason, detail = '') {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}

export interface Collection {
  /** As of when it was looked up. */
  readonly locked: boolean;
  /** Lets the keychain ask the person; false where they would not. */
  unlock(): boolean;
}

export interface SecretService {
  /** The one that new items go to; undefined where there is none. */
  collection(): Collection | undefined;
  /** Only for an open collection: KeePassXC asks for the password of a locked one before it searches. */
  find(service: string, account: string): 'absent' | 'locked' | 'open';
}

type Pointer = unknown;

/** Throws Refused. `load` is koffi's, by the name that libsecret has on every Linux. */
export function openSecretService(load = () => koffi.load('libsecret-1.so.0')): SecretService {
  let library: ReturnType<typeof load>;
  try {
    library = load();
  } catch (thrown) {
    throw new Refused('no-library', (thrown as Error).message);
  }
  const bind = bindTo(library);
  const getService = bind('void *secret_service_get_sync', 'int flags, void *cancel');
  const getCollection = bind(
    'void *secret_collection_for_alias_sync',
    'void *service, str alias, int flags, void *cancel',
  );
  const isLocked = library.func('int secret_collection_get_locked(void *collection)');
  const unlock = bind(
    'int secret_service_unlock_sync',
    'void *service, void *objects, void *cancel, void *unlocked',
  );
  const search = bind(
    'void *secret_service_search_sync',
    'void *service, void *schema, void *attributes, int flags, void *cancel',
  );
  const isItemLocked = library.func('int secret_item_get_locked(void *item)');
  // libsecret brings GLib with it, in whose own library these would have to be looked for otherwise.
  const prepend = library.func('void *g_list_prepend(void *list, void *data)');
  const firstOf = library.func('void *g_list_nth_data(void *list, uint n)');
  const newTable = library.func('void *g_hash_table_new(void *hash, void *equal)');
  const insert = library.func('int g_hash_table_insert(void *table, void *key, void *value)');
  const copied = library.func('void *g_strdup(str text)');

  const service = getService(0, null);
  return {
    collection() {
      const found = getCollection(service, 'default', 0, null);
      if (!found) return undefined;
      return {
        locked: isLocked(found) !== 0,
        unlock: () => unlock(service, prepend(null, found), null, null) === 1,
      };
    },
    find(name, account) {
      const attributes = newTable(
        library.symbol('g_str_hash', 'void'),
        library.symbol('g_str_equal', 'void'),
      );
      for (const [key, value] of Object.entries({ service: name, account }))
        insert(attributes, copied(key), copied(value));
      const item = firstOf(search(service, null, attributes, 0, null), 0);
      if (!item) return 'absent';
      return isItemLocked(item) ? 'locked' : 'open';
    },
  };
}

/** Binds calls whose last parameter is GLib's way to fail. They throw Refused. */
function bindTo(library: ReturnType<typeof koffi.load>) {
  const quark = library.func('str g_quark_to_string(uint32_t quark)');
  return (call: string, parameters: string) => {
    const bound = library.func(`${call}(${parameters}, _Out_ void **error)`);
    return (...given: unknown[]): Pointer => {
      const error: Pointer[] = [null];
      const result = bound(...given, error);
      if (error[0]) throw refusal(error[0], quark);
      return result;
    };
  };
}

// In the words of GLib 2.74: no address of a bus at all is g-io-error-quark, as is one where nobody
// listens; a name on the bus that nobody has, or that cannot be started, comes from the bus itself.
function refusal(error: Pointer, quark: (domain: number) => string): Refused {
  const domain = quark(koffi.decode(error, 'uint32_t'));
  const code = koffi.decode(error, 4, 'int');
  const detail: string = koffi.decode(error, 8, 'str');
  if (domain === 'g-io-error-quark') return new Refused('no-bus', detail);
  const unknownName = domain === 'g-dbus-error-quark' && (code === 2 || code === 3);
  if (unknownName || /^GDBus.Error:org.freedesktop.DBus.Error.Spawn/.test(detail))
    return new Refused('no-service', detail);
  return new Refused('failed', detail);
}
