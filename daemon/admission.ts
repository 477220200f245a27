/** Which client is served, by the versions of both; and when a daemon makes room for a newer one. */
import { failure } from '../shared/errors.ts';
import { OLDEST_CLIENT, PROTOCOL_VERSION } from '../shared/version.ts';

export interface AdmissionParts {
  /** A session is open, or its vault still has to be locked. */
  readonly live: () => boolean;
  /** Ends the daemon; resolves when nobody finds it any more. */
  readonly leave: () => Promise<void>;
}

export interface Admission {
  /**
   * Does `work` for a client of `version`. Throws helper-outdated for one that is too old, and
   * daemon-outdated when the daemon ends for a newer one: the work was not begun, and the client has
   * the next daemon do it. `always`: whatever the versions.
   */
  serve<T>(version: number, always: boolean, work: () => Promise<T>): Promise<T>;
}

export function createAdmission({ live, leave }: AdmissionParts): Admission {
  let open = 0;
  let retiring: Promise<void> | undefined;

  return {
    async serve(version, always, work) {
      if (!always) {
        if (version < OLDEST_CLIENT) throw failure('helper-outdated');
        if (version > PROTOCOL_VERSION && open === 0 && !live()) retiring ??= leave();
        if (retiring) {
          await retiring;
          throw failure('daemon-outdated');
        }
      }
      open += 1;
      try {
        return await work();
      } finally {
        open -= 1;
      }
    },
  };
}
