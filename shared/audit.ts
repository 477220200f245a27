/**
 * One line of the audit: who got what, and when; never a secret. The daemon writes it, `helper audit`
 * reads it. Here because both sides must agree on it.
 */
import * as v from 'valibot';

/** Who asked, by the kernel's word as far as it goes. A pid can be in use again when this is read. */
const caller = v.object({
  uid: v.optional(v.number()),
  pid: v.optional(v.number()),
  /** What the client runs on (a Node), and which program started it: Linux. */
  program: v.optional(v.string()),
  parent: v.optional(v.string()),
  parentPid: v.optional(v.number()),
  /** Where the person sits, by the client's own word: `pts/3`. */
  label: v.optional(v.string()),
});

const auditLine = v.object({
  /** ISO 8601, UTC. */
  at: v.string(),
  /** A method of protocol.ts, or what the daemon did by itself: `session.end`, `vault.renew`. */
  what: v.string(),
  outcome: v.picklist(['granted', 'refused', 'ended']),
  /** The name of the error, where it was refused. */
  error: v.optional(v.string()),
  /** Why a session ended. */
  why: v.optional(v.string()),
  profile: v.optional(v.string()),
  /** Absent where the daemon acted by itself. */
  caller: v.optional(caller),
  /** Those parameters that the protocol marks as fit for the audit. */
  params: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});

export type AuditCaller = v.InferOutput<typeof caller>;
export type AuditLine = v.InferOutput<typeof auditLine>;

/** The line as it was written; undefined where it is torn, or no line of ours. */
export function parseAuditLine(text: string): AuditLine | undefined {
  try {
    const parsed = v.safeParse(auditLine, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
