/**
 * One profile: a bw data folder with its account, its server and its entry in the keychain. Every
 * run of bw in the folder goes through one queue.
 */
import { Failure, failure, toFailure } from '../shared/errors.ts';
import type { Params, Result, ToDaemon } from '../shared/protocol.ts';
import { sameServer, type Verbs } from './bw/verbs.ts';
import type { Caller } from './caller.ts';
import { passphraseFrom, passphraseFromNobody } from './challenges.ts';
import type { Clock } from './clock.ts';
import type { AskPassphrase, Keychain, StoredSecret } from './keychain/port.ts';
import type { Log } from './log.ts';
import { createPasswordLogin, type PasswordLoginTools } from './password-login.ts';
import { createQueue } from './queue.ts';
import { createRenewal } from './renewal.ts';
import { createSessionVault } from './session-vault.ts';
import { Sessions } from './sessions.ts';
import type { Settings } from './settings/settings.ts';
import type { DataFile } from './vault/data-file.ts';
import { type Account, DEFAULT_SERVER, describe, slot } from './vault/layout.ts';
import { layoutOf } from './vault/layouts.ts';

/**
 * For a file whose layout is not known here: bw itself has to tell whether somebody is logged in. What
 * needs no look into the file works on, by bw alone.
 */
const STRANGER: Account = {
  userId: '',
  email: '',
  apiKey: false,
  clientSecretAtRest: false,
  hasMasterPassword: true,
  fetched: true,
};

export interface ProfileParts {
  readonly name: string;
  readonly dataFile: DataFile;
  readonly verbs: Verbs;
  readonly byPassword: PasswordLoginTools;
  readonly keychain: Keychain;
  readonly settings: () => Settings;
  /** Throws profile-in-use. */
  readonly claim: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export type Status = Omit<Result<ToDaemon, 'session.status'>, 'daemon'>;

export interface Profile {
  readonly name: string;
  readonly dataDir: string;
  readonly sessions: Sessions;
  login(caller: Caller): Promise<{ account: string; server: string }>;
  loginByPassword(
    caller: Caller,
    wanted: Params<ToDaemon, 'account.loginByPassword'>,
  ): Promise<Result<ToDaemon, 'account.loginByPassword'>>;
  logout(): Promise<{ account: string }>;
  sync(caller: Caller): Promise<{ account: string }>;
  status(): Promise<Status>;
  /** True where a session stands in data.json that is not ours. */
  otherSession(): Promise<boolean>;
  /** Resolves when no bw is at work and none waits for its turn. */
  settled(): Promise<void>;
}

export function createProfile(parts: ProfileParts): Profile {
  const { name, dataFile, verbs, keychain, settings, clock, log } = parts;
  const queue = createQueue();

  async function account(): Promise<Account | undefined> {
    const json = (await dataFile.read()) ?? {};
    return layoutOf(json) ? describe(json) : STRANGER;
  }

  /** Throws not-logged-in, and profile-in-use where another daemon serves this folder. */
  async function requireAccount(): Promise<Account> {
    const found = await account();
    if (!found) throw failure('not-logged-in', { dataDir: dataFile.folder });
    // Before anybody is asked for anything.
    parts.claim();
    return found;
  }

  /** Throws already-logged-in, profile-in-use, and data-file-unknown. */
  async function requireNobody(): Promise<void> {
    const found = await account();
    parts.claim();
    if (found === STRANGER) throw unknownLayout(dataFile.file);
    if (found) throw failure('already-logged-in', { account: found.email });
  }

  async function whoNow(): Promise<{ account: string; server: string }> {
    const { email, server = DEFAULT_SERVER } = await requireAccount();
    return { account: email, server };
  }

  /** The stored secret for a login that needs it; undefined lets bw go on with what it has. */
  async function secretFor(who: Account, ask: AskPassphrase): Promise<StoredSecret | undefined> {
    return who.apiKey ? await keychain.get(name, ask) : undefined;
  }

  const vault = createSessionVault({ dataFile, verbs, queue, log, requireAccount, secretFor });

  async function syncWith(ask: AskPassphrase): Promise<Account> {
    const who = await requireAccount();
    const secret = await secretFor(who, ask);
    try {
      await queue(() => verbs.sync(secret));
    } finally {
      secret?.clientSecret.wipe();
    }
    return who;
  }

  const renewal = createRenewal({
    clock,
    log,
    async tokenExpiresAtMs() {
      const who = await account();
      return who?.apiKey ? who.accessTokenExpiresAtMs : undefined;
    },
    async renew() {
      await syncWith(passphraseFromNobody);
    },
  });

  const sessions = new Sessions({
    clock,
    log,
    vault,
    limits: settings,
    onOpen: renewal.start,
    onEnd: renewal.stop,
  });

  const passwordLogin = createPasswordLogin({
    ...parts.byPassword,
    dataFile,
    verbs,
    queue,
    log,
    server: () => settings().profile.server,
    secret: (ask) => keychain.get(name, ask),
  });

  async function otherSession(): Promise<boolean> {
    return slot((await dataFile.read()) ?? {}) !== undefined;
  }

  return {
    name,
    dataDir: dataFile.folder,
    sessions,
    otherSession,

    async settled() {
      await queue(async () => {});
      // Whoever waited for the last one goes on in between, for instance to open its session.
      await new Promise((resolve) => setImmediate(resolve));
    },

    async login(caller) {
      await requireNobody();
      const secret = await keychain.get(name, passphraseFrom(caller));
      if (!secret) throw failure('no-client-secret');
      try {
        await queue(() => verbs.login(secret, settings().profile.server));
      } finally {
        secret.clientSecret.wipe();
      }
      return await whoNow();
    },

    async loginByPassword(caller, wanted) {
      await requireNobody();
      const key = await passwordLogin(caller, wanted);
      if (key) sessions.adopt(key);
      const session = sessions.left();
      return { ...(await whoNow()), ...(session && { session }) };
    },

    async logout() {
      const who = await requireAccount();
      await sessions.lock('logout').catch(() => false);
      await queue(() => verbs.logout());
      return { account: who.email };
    },

    async sync(caller) {
      const who = await syncWith(passphraseFrom(caller));
      return { account: who.email };
    },

    async status() {
      const key = await sessions.peek();
      const found = await account();
      const who = found === STRANGER ? undefined : found;
      const left = key && sessions.left();
      const stored = await keychain.status(name).catch(toFailure);
      const broken = stored instanceof Failure;
      return {
        state: left ? 'unlocked' : found ? 'locked' : 'logged-out',
        dataDir: dataFile.folder,
        ...(who && {
          account: who.email,
          server: who.server ?? DEFAULT_SERVER,
          login: who.apiKey ? ('api-key' as const) : ('password' as const),
        }),
        clientSecretAtRest: who?.clientSecretAtRest ?? false,
        ...(left && { session: left }),
        keychain: {
          kind: keychain.kind,
          ...(broken ? { stored: false, locked: true, where: '' } : stored),
        },
        problems: [
          found === STRANGER ? unknownLayout(dataFile.file).message : undefined,
          who && otherServer(who, settings().profile.server),
          broken ? stored.message : stored.problem,
          sessions.problem(),
          renewal.problem(),
        ].filter((text) => text !== undefined),
      };
    },
  };
}

function unknownLayout(file: string): Failure {
  const problem = 'this bw is newer than bw-helper, or very old';
  return failure('data-file-unknown', { file, problem });
}

/** A server in the settings counts for the next login, as bw keeps the one it is logged in to. */
function otherServer({ server = DEFAULT_SERVER }: Account, wanted: string | undefined) {
  if (wanted === undefined || sameServer(server, wanted)) return undefined;
  return `the settings name ${wanted}, and bw is logged in to ${server}: run \`helper logout\`, then \`helper login\``;
}
