/**
 * One profile: a bw data folder with its account, its server and its entry in the keychain. Every
 * run of bw in the folder goes through one queue.
 */
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import type { Params, Result, ToDaemon } from '../shared/protocol.ts';
import type { ApiKey, Scrubbed } from './api-key.ts';
import type { Audit } from './audit.ts';
import type { Verbs } from './bw/verbs.ts';
import type { Caller } from './caller.ts';
import { passphraseFrom, passphraseFromNobody } from './challenges.ts';
import type { StartOf } from './holds.ts';
import type { ChosenKeychain } from './keychain/chosen.ts';
import type { AskPassphrase } from './keychain/port.ts';
import type { LeftOpen } from './left-open.ts';
import type { Log } from './log.ts';
import type { OpenMarks } from './open-marks.ts';
import { createPasswordLogin, type PasswordLoginTools } from './password-login.ts';
import { createQueue, type Queue } from './queue.ts';
import { createRenewal } from './renewal.ts';
import { createSessionVault } from './session-vault.ts';
import { Sessions } from './sessions.ts';
import type { ProfileSettings } from './settings/settings.ts';
import { type Status, statusOf } from './status.ts';
import type { Clock } from './system/clock.ts';
import type { DataFile } from './vault/data-file.ts';
import type { Account } from './vault/layout.ts';
import { createWho } from './who.ts';

export interface ProfileParts {
  readonly name: string;
  readonly dataFile: DataFile;
  readonly verbs: Verbs;
  readonly byPassword: PasswordLoginTools;
  readonly keychain: ChosenKeychain;
  readonly apiKey: ApiKey;
  /** Throws settings-invalid, and profile-unknown where it is no longer in the settings. */
  readonly settings: () => ProfileSettings;
  /** Throws profile-in-use and profile-folder-shared. */
  readonly claim: () => void;
  readonly release: () => void;
  readonly startOf: StartOf;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly marks: OpenMarks;
  readonly leftOpen: LeftOpen;
  /** A sentence for `helper status` while the log takes no line. */
  readonly logProblem: () => string | undefined;
}

export interface Profile {
  readonly name: string;
  readonly dataDir: string;
  readonly sessions: Sessions;
  readonly keychain: ChosenKeychain;
  login(caller: Caller): Promise<{ account: string; server: string }>;
  loginByPassword(
    caller: Caller,
    wanted: Params<ToDaemon, 'account.loginByPassword'>,
  ): Promise<Result<ToDaemon, 'account.loginByPassword'>>;
  logout(): Promise<{ account: string }>;
  sync(caller: Caller): Promise<{ account: string }>;
  status(): Promise<Status>;
  /** Another API key is stored: a renewal that was refused is tried again. */
  secretChanged(): void;
  /** Throws what `ApiKey.answer` does. */
  answer(caller: Caller, what: 'client-id' | 'client-secret'): Promise<string>;
  /** Throws what `ApiKey.scrub` does, and profile-in-use. */
  scrub(caller: Caller, force: boolean): Promise<Scrubbed & Pick<ProfileSettings, 'apiKeyAtRest'>>;
  /** True where a session stands in data.json that is not ours. Throws profile-in-use where it may be another daemon's. */
  otherSession(): Promise<boolean>;
  /** Does this while no bw is at work in the folder. */
  alone: Queue;
  /** Resolves when no bw is at work and none waits for its turn. */
  settled(): Promise<void>;
  /** Ends the session for good, and lets go of the folder once nothing of ours is at work in it. */
  stop(): Promise<void>;
}

export function createProfile(parts: ProfileParts): Profile {
  const { name, dataFile, verbs, keychain, apiKey, settings, startOf, clock, log, audit } = parts;
  const { leftOpen } = parts;
  const mark = { profile: name, dataDir: dataFile.folder };
  const queue = createQueue();
  let stopped = false;

  function claim(): void {
    // Nobody would let go of it any more.
    if (stopped) throw failure('daemon-gone');
    parts.claim();
  }

  const who = createWho({ dataFile, claim, queue });

  const { secretFor } = apiKey;
  const vault = createSessionVault({
    name,
    dataFile,
    verbs,
    queue,
    log,
    mend: who.mend,
    requireAccount: who.requireAccount,
    secretFor,
  });

  async function syncWith(ask: AskPassphrase): Promise<Account> {
    const account = await who.requireAccount();
    await apiKey.withSecret(account, ask, (secret) => queue(() => verbs.sync(secret)));
    return account;
  }

  const renewal = createRenewal({
    clock,
    log,
    async tokenExpiresAtMs() {
      const account = await who.account();
      if (!account?.apiKey || apiKey.leftToBw(account)) return undefined;
      return account.accessTokenExpiresAtMs;
    },
    async renew() {
      const line = { what: 'vault.renew', profile: name };
      try {
        await syncWith(passphraseFromNobody);
        audit.record({ ...line, outcome: 'granted' });
      } catch (thrown) {
        audit.record({ ...line, outcome: 'refused', error: toFailure(thrown).row.name });
        throw thrown;
      }
    },
  });

  const sessions = new Sessions({
    clock,
    log,
    vault,
    limits: settings,
    startOf,
    onUnlocking: () => parts.marks.set(mark),
    onLocked() {
      if (!leftOpen.why(name, dataFile.folder)) parts.marks.clear(mark);
    },
    onOpen() {
      leftOpen.replaced(mark);
      renewal.start();
    },
    onEnd(why) {
      renewal.stop();
      audit.record({ what: 'session.end', outcome: 'ended', why, profile: name });
    },
  });

  const passwordLogin = createPasswordLogin({
    ...parts.byPassword,
    dataFile,
    verbs,
    queue,
    log,
    server: () => settings().server,
    secret: (ask) => keychain.get(name, ask),
  });

  async function settled(): Promise<void> {
    await queue(async () => {});
    // Whoever waited for the last one goes on in between, for instance to open its session.
    await new Promise((resolve) => setImmediate(resolve));
  }

  return {
    name,
    dataDir: dataFile.folder,
    sessions,
    keychain,
    otherSession: who.otherSession,
    alone: queue,
    settled,

    async stop() {
      await sessions.stop();
      await settled();
      // A login that was under way may have opened the vault.
      await sessions.stop();
      stopped = true;
      parts.release();
    },

    async login(caller) {
      await who.requireNobody();
      const secret = await keychain.get(name, passphraseFrom(caller));
      if (!secret) throw failure('no-client-secret');
      try {
        await queue(() => verbs.login(secret, settings().server));
      } finally {
        secret.clientSecret.wipe();
      }
      return await who.now();
    },

    async loginByPassword(caller, wanted) {
      await who.requireNobody();
      await sessions.adopt(() => passwordLogin(caller, wanted));
      const session = sessions.left();
      return { ...(await who.now()), ...(session && { session }) };
    },

    async logout() {
      const { email } = await who.requireAccount();
      await sessions.lock('logout').catch(() => false);
      await queue(() => verbs.logout());
      return { account: email };
    },

    async sync(caller) {
      const { email } = await syncWith(passphraseFrom(caller));
      return { account: email };
    },

    secretChanged() {
      if (sessions.left()) renewal.start();
    },

    answer: (caller, what) => apiKey.answer(what, passphraseFrom(caller)),

    async scrub(caller, force) {
      claim();
      await who.mend();
      const done = await apiKey.scrub(force, passphraseFrom(caller));
      return { ...done, apiKeyAtRest: settings().apiKeyAtRest };
    },

    async status() {
      // Where that is not possible now the file speaks for itself.
      await who.mend().catch(() => {});
      return await statusOf({
        name,
        dataFile,
        account: who.account,
        sessions,
        keychain,
        settings,
        problems: () => [
          withNext(notLocked(sessions.problem())),
          withNext(leftOpen.why(name)),
          renewal.problem(),
          parts.marks.problem(mark),
          audit.problem(),
          parts.logProblem(),
        ],
      });
    },
  };
}

function notLocked(problem: string | undefined): Failure | undefined {
  return problem === undefined ? undefined : failure('lock-failed', { problem });
}

function withNext(reason: Failure | undefined): string | undefined {
  return reason && `${reason.message} ${reason.row.next}`;
}
