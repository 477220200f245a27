/** Which answers leave a line in the audit: those of the methods that the protocol marks. */
import type { Handlers } from '../shared/channel.ts';
import { toFailure } from '../shared/errors.ts';
import { type ToDaemon, toDaemon } from '../shared/protocol.ts';
import type { Audit } from './audit.ts';
import type { Caller } from './caller.ts';
import { programOf } from './system/program-of.ts';

export interface AuditedParts {
  readonly audit: Audit;
  readonly caller: Caller;
}

/** The same handlers; where it is marked, the line is written before the answer leaves. */
export function audited(
  handlers: Handlers<ToDaemon>,
  { audit, caller }: AuditedParts,
): Handlers<ToDaemon> {
  const wrapped = Object.entries(handlers).map(([method, handler]) => {
    const names = toDaemon[method as keyof ToDaemon].traits.audited;
    if (!names) return [method, handler];
    const recorded = async (params: never): Promise<unknown> => {
      // Now, as a client may be gone when it is refused.
      const who = whoIs(caller);
      const end = (outcome: { outcome: 'granted' } | { outcome: 'refused'; error: string }) => {
        const shown = shownOf(params, names);
        audit.record({
          what: method,
          ...outcome,
          profile: caller.profile,
          caller: who,
          ...(Object.keys(shown).length > 0 && { params: shown }),
        });
      };
      try {
        const result = await handler(params);
        end({ outcome: 'granted' });
        return result;
      } catch (thrown) {
        end({ outcome: 'refused', error: toFailure(thrown).row.name });
        throw thrown;
      }
    };
    return [method, recorded];
  });
  return Object.fromEntries(wrapped);
}

function whoIs({ uid, pid, label }: Caller) {
  return {
    ...(uid !== undefined && { uid }),
    ...(pid !== undefined && { pid }),
    ...programOf(pid),
    ...(label && { label }),
  };
}

function shownOf(params: Readonly<Record<string, unknown>>, names: readonly string[]) {
  const shown: Record<string, string | number | boolean> = {};
  for (const name of names) {
    const value = params[name];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      shown[name] = value;
  }
  return shown;
}
