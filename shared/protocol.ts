/**
 * Every method of both directions, once: parameters, result, and traits. Types of handlers and calls
 * derive from here, and both sides check what comes off the wire against it.
 *
 * Unknown parameters are refused, but for hello; unknown fields of a result are ignored, so that a newer daemon can
 * say more to an older client.
 */
import * as v from 'valibot';
import {
  BW_WORDS_CHARACTERS,
  LONGEST_SESSION_MS,
  SECRET_BYTES,
  SHORTEST_SESSION_MS,
} from './limits.ts';
import { PROFILE_NAME } from './profile-name.ts';

interface Traits {
  /** The result holds a secret. For the docs only: no result is ever traced or logged. */
  readonly returnsSecret?: boolean;
  /** Success counts as use of the session and renews its idle limit. */
  readonly extendsIdle?: boolean;
  /** Works even with settings that cannot be read: a bad file must never stop a lock. */
  readonly withoutSettings?: boolean;
  /**
   * Each answer leaves a line in the audit, with those of the parameters that are named here. For
   * whatever hands out or uses a secret or a session.
   */
  readonly audited?: readonly string[];
}

const method = <P extends v.GenericSchema, R extends v.GenericSchema>(
  params: P,
  result: R,
  traits: Traits = {},
) => ({ params, result, traits });

const none = v.strictObject({});
const sessionMs = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(SHORTEST_SESSION_MS),
  v.maxValue(LONGEST_SESSION_MS),
);
const secretText = v.pipe(v.string(), v.nonEmpty(), v.maxBytes(SECRET_BYTES));
/** Longest path on Linux. */
const PATH_CHARACTERS = 4_096;
const label = v.pipe(v.string(), v.maxLength(200));

const unlocking = v.strictObject({
  idleMs: v.optional(sessionMs),
  maxMs: v.optional(sessionMs),
  /** How long a client that cannot be asked waits for somebody else's unlock. */
  waitMs: v.optional(sessionMs),
});

const profileName = v.pipe(v.string(), v.regex(PROFILE_NAME));

const keychainKind = v.picklist(['os', 'file']);
const keychainStatus = v.object({
  kind: keychainKind,
  stored: v.boolean(),
  /** The next use will ask. */
  locked: v.boolean(),
  where: v.string(),
  /** What keeps it from being used, or from telling. */
  problem: v.optional(v.string()),
});

const argument = v.pipe(v.string(), v.maxLength(1_000));

const limits = v.object({ idleLeftMs: v.number(), maxLeftMs: v.number() });

/** What is in force, by the kernel's word; what a system does not have is left out. */
const hardening = v.object({
  /** No core file, and no way back to one. */
  coreLimitZero: v.optional(v.boolean()),
  /** Neither a debugger nor /proc shows its memory to others of the same user. */
  notDumpable: v.optional(v.boolean()),
  /** SIGUSR1 opens no inspector. */
  noDebugger: v.optional(v.boolean()),
  /** The umask is 077. */
  privateFiles: v.optional(v.boolean()),
});

/** Vaults that are open although nobody has a session in them, each with its failure. */
const stillOpen = v.optional(
  v.array(
    v.object({
      profile: v.string(),
      why: v.object({ name: v.string(), exit: v.number(), says: v.string(), next: v.string() }),
    }),
  ),
);

const ended = {
  /** `none`: there was no session here. */
  locked: v.picklist(['locked', 'none']),
  /** A session that somebody else's bw opened is still live. */
  otherSession: v.boolean(),
};

const settingKey = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));
const setting = {
  /** With dots: `profiles.default.server`. */
  key: v.string(),
  /** As the file or its default says it. */
  value: v.optional(v.string()),
  from: v.picklist(['file', 'default', 'nowhere']),
};
const apiKeyAtRest = v.picklist(['keychain', 'bw']);

/** What a client can do when the daemon needs a secret from a person. */
export const asking = v.picklist(['terminal', 'askpass', 'stdin']);

/** Methods that a client calls. */
export const toDaemon = {
  hello: method(
    // Unknown fields are passed over here alone: this is where versions meet.
    v.object({
      version: v.number(),
      can: v.array(asking),
      /** Where the person sits, for others who wait: `pts/3`. */
      label,
      /** The profile that every request of this connection is about; without it, `default`. */
      profile: v.optional(profileName),
      /** The caller's BITWARDENCLI_APPDATA_DIR: another vault's key is never handed out. */
      dataDir: v.optional(v.string()),
      /** The system keychain may open a window here to ask the person. */
      desktop: v.optional(v.boolean()),
    }),
    v.object({ version: v.number(), pid: v.number() }),
    { withoutSettings: true },
  ),
  'session.get': method(unlocking, v.object({ key: v.string() }), {
    returnsSecret: true,
    extendsIdle: true,
    audited: [],
  }),
  'session.unlock': method(unlocking, limits, { extendsIdle: true, audited: [] }),
  /** For a process that becomes a command: as long as it lives, the idle limit stands still. */
  'session.exec': method(unlocking, v.object({ key: v.string(), dataDir: v.string() }), {
    returnsSecret: true,
    extendsIdle: true,
    audited: [],
  }),
  'session.lock': method(none, v.object(ended), { withoutSettings: true, audited: [] }),
  /** Every profile that the daemon has served, also one that is no longer in the settings. */
  'session.lockAll': method(
    none,
    v.object({
      profiles: v.array(
        v.object({
          name: v.string(),
          ...ended,
          /** Why its vault is still open. */
          problem: v.optional(v.string()),
        }),
      ),
    }),
    { withoutSettings: true, audited: [] },
  ),
  'session.status': method(
    none,
    v.object({
      /** Not from a daemon that knew only one. */
      profile: v.optional(v.string()),
      state: v.picklist(['logged-out', 'locked', 'unlocked']),
      dataDir: v.string(),
      account: v.optional(v.string()),
      server: v.optional(v.string()),
      login: v.optional(v.picklist(['api-key', 'password'])),
      /** data.json holds the client_secret in clear. */
      clientSecretAtRest: v.boolean(),
      /** Where the settings want it between two runs of bw. */
      apiKeyAtRest: v.optional(apiKeyAtRest),
      session: v.optional(limits),
      keychain: keychainStatus,
      /** Sentences about what did not work in the background. */
      problems: v.array(v.string()),
      daemon: v.object({
        pid: v.number(),
        uptimeMs: v.number(),
        hardening: v.optional(hardening),
      }),
    }),
  ),
  'account.login': method(none, v.object({ account: v.string(), server: v.string() }), {
    audited: [],
  }),
  'account.loginByPassword': method(
    v.strictObject({
      /** For `bw login`, as they are. */
      args: v.pipe(v.array(argument), v.maxLength(30)),
      /** Left out, bw asks for it. */
      email: v.optional(v.pipe(v.string(), v.regex(/^[^\s-]\S*$/), v.maxLength(256))),
    }),
    v.object({
      account: v.string(),
      server: v.string(),
      /** Where bw's login has opened the vault. */
      session: v.optional(limits),
    }),
    { audited: [] },
  ),
  'account.logout': method(none, v.object({ account: v.string() }), { audited: [] }),
  'vault.sync': method(none, v.object({ account: v.string() }), { audited: [] }),
  'secret.set': method(
    v.strictObject({ clientId: secretText, clientSecret: secretText }),
    v.object({ where: v.string() }),
    { audited: [] },
  ),
  'secret.status': method(none, keychainStatus),
  'secret.move': method(
    v.strictObject({ to: keychainKind }),
    v.object({
      where: v.string(),
      /** The settings name this one already. */
      inUse: v.boolean(),
    }),
    { audited: ['to'] },
  ),
  'secret.delete': method(none, v.object({ deleted: v.boolean() }), { audited: [] }),
  /** One of the two values, for scripts that must have it. */
  'secret.answer': method(
    v.strictObject({ what: v.picklist(['client-id', 'client-secret']) }),
    v.object({ value: v.string() }),
    { returnsSecret: true, audited: ['what'] },
  ),
  /** Takes client_secret out of data.json, once it is in the keychain. */
  'secret.scrub': method(
    v.strictObject({
      /** Also where the keychain holds another one. */
      force: v.boolean(),
    }),
    v.object({
      /** False where data.json held none. */
      scrubbed: v.boolean(),
      /** The keychain held none, so this one was stored there. */
      stored: v.boolean(),
      where: v.string(),
      apiKeyAtRest,
    }),
    { audited: ['force'] },
  ),
  'profile.list': method(
    none,
    v.object({
      profiles: v.array(
        v.object({
          name: v.string(),
          dataDir: v.string(),
          keychain: keychainKind,
          server: v.optional(v.string()),
          email: v.optional(v.string()),
          caFile: v.optional(v.string()),
          proxy: v.optional(v.string()),
          idleMs: v.number(),
          maxMs: v.number(),
          /** A session is open. */
          live: v.boolean(),
        }),
      ),
    }),
  ),
  'profile.add': method(
    v.strictObject({
      name: profileName,
      /** Keys and values as in the settings file. */
      set: v.record(v.string(), v.pipe(v.string(), v.maxLength(PATH_CHARACTERS))),
    }),
    v.object({
      dataDir: v.string(),
      /** The keychain has an API key from an earlier profile of this name. */
      stored: v.boolean(),
      settings: v.string(),
    }),
  ),
  'profile.remove': method(
    v.strictObject({ name: profileName }),
    v.object({
      /** A data folder that was not deleted. */
      kept: v.optional(v.string()),
      settings: v.string(),
    }),
    { audited: ['name'] },
  ),
  'config.get': method(v.strictObject({ key: settingKey }), v.object(setting)),
  'config.list': method(none, v.object({ file: v.string(), settings: v.array(v.object(setting)) })),
  'config.set': method(
    v.strictObject({ key: settingKey, value: v.pipe(v.string(), v.maxBytes(SECRET_BYTES)) }),
    v.object({ key: v.string(), file: v.string() }),
    { withoutSettings: true },
  ),
  'config.unset': method(
    v.strictObject({ key: settingKey }),
    v.object({ key: v.string(), file: v.string(), removed: v.boolean() }),
    { withoutSettings: true },
  ),
  'config.path': method(none, v.object({ file: v.string() }), { withoutSettings: true }),
  /** Reads the file anew. */
  'config.check': method(none, v.object({ file: v.string() }), { withoutSettings: true }),
  'daemon.info': method(
    none,
    v.object({
      pid: v.number(),
      uptimeMs: v.number(),
      live: v.boolean(),
      /** What an earlier daemon has left open, and this one could not lock until now. */
      stillOpen,
      /** Not from a daemon that could not tell. */
      hardening: v.optional(hardening),
    }),
    {
      withoutSettings: true,
    },
  ),
  'daemon.stop': method(
    none,
    v.object({
      pid: v.number(),
      /** What could not be locked. */
      stillOpen,
    }),
    { withoutSettings: true, audited: [] },
  ),
  /** Notification: a key was pressed at the open prompt. */
  'prompt.activity': method(none, v.undefined(), { withoutSettings: true }),
};

/** Calls back to a client, on the connection of its open request. */
export const toClient = {
  'prompt.secret': method(
    v.strictObject({
      what: v.picklist(['master-password', 'passphrase', 'new-passphrase']),
      /** Whose, or where: shown to the person. */
      subject: label,
      /** 1 at first; above it the last answer was wrong. */
      attempt: v.number(),
    }),
    v.object({ value: v.pipe(v.string(), v.maxBytes(SECRET_BYTES)) }),
    { returnsSecret: true },
  ),
  /** Runs bw with stdin and stderr of the person's terminal, for a login that asks them itself. */
  'bw.run': method(
    v.strictObject({
      command: v.string(),
      args: v.array(v.string()),
      /** All of it but what tells of the terminal. May hold BW_CLIENTSECRET. */
      env: v.record(v.string(), v.string()),
      /** A sentence for the person before it starts. */
      note: v.optional(v.string()),
    }),
    v.object({
      exitCode: v.nullable(v.number()),
      /** A session key. */
      stdout: v.pipe(v.string(), v.maxLength(SECRET_BYTES)),
      /** The end of what was also shown to the person, who may have typed a secret there. */
      stderr: v.pipe(v.string(), v.maxLength(BW_WORDS_CHARACTERS)),
    }),
    { returnsSecret: true },
  ),
  /** Notification: somebody else is being asked. */
  'prompt.waiting': method(v.strictObject({ where: label }), v.undefined()),
  /** Notification: the request is still being worked on. */
  progress: method(none, v.undefined()),
};

export type ToDaemon = typeof toDaemon;
export type ToClient = typeof toClient;
export type Table = Record<string, ReturnType<typeof method>>;
export type Params<T extends Table, M extends keyof T> = v.InferOutput<T[M]['params']>;
export type Result<T extends Table, M extends keyof T> = v.InferOutput<T[M]['result']>;
export type Asking = v.InferOutput<typeof asking>;

/** The value as `schema` describes it, or undefined with nothing of the value in any message. */
export function conform(schema: v.GenericSchema, value: unknown): { ok: unknown } | undefined {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? { ok: parsed.output } : undefined;
}
