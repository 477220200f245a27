/** A profile's vault as its sessions see it: whether a key opens it, how it is locked and unlocked. */
import { failure, toFailure } from '../shared/errors.ts';
import { PASSWORD_TRIES } from '../shared/limits.ts';
import { DEFAULT_PROFILE } from '../shared/profile-name.ts';
import type { Secret } from '../shared/secret.ts';
import { untilAborted } from '../shared/until-aborted.ts';
import type { Verbs } from './bw/verbs.ts';
import { passphraseFromWaiters } from './challenges.ts';
import type { AskPassphrase, StoredSecret } from './keychain/port.ts';
import type { Log } from './log.ts';
import type { Waiters } from './prompts.ts';
import { inTurn, type Queue } from './queue.ts';
import type { DataFile } from './vault/data-file.ts';
import { type Account, DEFAULT_SERVER, slot } from './vault/layout.ts';
import { layoutOf } from './vault/layouts.ts';

/** As much of a name as a prompt takes: see protocol.ts. */
const SUBJECT_CHARACTERS = 200;

/** What a session needs of the vault behind it. */
export interface SessionVault {
  /** Throws not-logged-in, before anybody is asked for a password. */
  requireLogin(): Promise<void>;
  /** A cheap mark of data.json as it is now: the same mark means the same content. */
  stamp(): string | undefined;
  /** Whether the key opens the vault. Throws where that cannot be told now. */
  check(key: Secret): Promise<'live' | 'dead'>;
  /** Ends our key and nobody else's; throws where the vault is still open to it. */
  lock(key: Secret): Promise<void>;
  /**
   * Asks through `waiters` for what is missing and gives a key that was seen to work. Waits for nothing
   * any more once `cut` is aborted, but for the end of its bw: rejects, or gives a key to be locked out.
   */
  unlock(waiters: Waiters<void>, cut: AbortSignal): Promise<Secret>;
}

export interface SessionVaultParts {
  /** Of the profile. */
  readonly name: string;
  readonly dataFile: DataFile;
  readonly verbs: Verbs;
  readonly queue: Queue;
  readonly log: Log;
  /** Puts data.json right where a run of bw was cut short. */
  mend(): Promise<void>;
  /** Throws not-logged-in. */
  requireAccount(): Promise<Account>;
  /** The stored secret for a login that needs it. */
  secretFor(who: Account, ask: AskPassphrase): Promise<StoredSecret | undefined>;
}

export function createSessionVault(parts: SessionVaultParts): SessionVault {
  const { name, dataFile, verbs, queue, log, mend, requireAccount, secretFor } = parts;
  return {
    async requireLogin() {
      await requireAccount();
    },

    stamp: () => dataFile.stamp(),

    async check(key) {
      await mend();
      const verdict = await dataFile.checkKey(key);
      if (verdict !== 'unknown') return verdict;
      const json = (await dataFile.read()) ?? {};
      // An empty file: bw would take it for a fresh one.
      if (layoutOf(json) && slot(json) === undefined)
        throw failure('data-file-unreadable', { file: dataFile.file, problem: 'it stays empty' });
      log.warn('layout unknown, asking bw');
      return await queue(() => verbs.check(key));
    },

    async lock(key) {
      await mend();
      if ((await dataFile.removeSlot(key)) !== 'unknown') return;
      await queue(async () => {
        // `bw lock` ends whatever session there is: only where it is still ours.
        if ((await verbs.check(key)) === 'live') await verbs.lock();
      });
    },

    async unlock(waiters, cut) {
      const who = await requireAccount();
      if (!who.hasMasterPassword)
        throw failure('no-master-password', { account: who.email || 'This account' });
      const secret = await unlessCut(secretFor(who, passphraseFromWaiters(waiters)), cut);
      try {
        for (let attempt = 1; ; ) {
          const subject = subjectOf(who, name);
          const answer = await waiters.ask({ what: 'master-password', subject, attempt });
          try {
            return await inTurn(queue, cut, () => verbs.unlock(answer.secret, secret, cut));
          } catch (thrown) {
            const reason = toFailure(thrown);
            if (!reason.is('wrong-password')) throw reason;
            // Its giver cannot be asked again, and it is no attempt of those who can.
            if (answer.fromStdin) answer.refuse(reason);
            else if (attempt++ >= PASSWORD_TRIES) throw reason;
          } finally {
            answer.secret.wipe();
          }
        }
      } finally {
        secret?.clientSecret.wipe();
      }
    },
  };
}

/** The keychain may have a window open for a minute; what it then gives nobody wants any more. */
async function unlessCut(
  asked: Promise<StoredSecret | undefined>,
  cut: AbortSignal,
): Promise<StoredSecret | undefined> {
  try {
    return await untilAborted(asked, cut);
  } catch (thrown) {
    asked.then(
      (late) => late?.clientSecret.wipe(),
      () => {},
    );
    throw thrown;
  }
}

function subjectOf({ email, server }: Account, profile: string): string {
  const which = profile === DEFAULT_PROFILE ? '' : `, profile ${profile}`;
  if (!email) return `this vault${which}`;
  const address = server ?? DEFAULT_SERVER;
  const host = URL.canParse(address) ? new URL(address).host : address;
  return `${email} (${host}${which})`.slice(0, SUBJECT_CHARACTERS);
}
