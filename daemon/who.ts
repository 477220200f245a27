/** Who is logged in to one data folder, by what stands in its data.json. */
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import type { Queue } from './queue.ts';
import type { DataFile } from './vault/data-file.ts';
import { type Account, DEFAULT_SERVER, describe, slot } from './vault/layout.ts';
import { layoutOf } from './vault/layouts.ts';

/**
 * For a file whose layout is not known here: bw itself has to tell whether somebody is logged in. What
 * needs no look into the file works on, by bw alone.
 */
export const STRANGER: Account = {
  userId: '',
  email: '',
  apiKey: false,
  clientSecretAtRest: false,
  hasMasterPassword: true,
  fetched: true,
};

export interface WhoParts {
  readonly dataFile: DataFile;
  /** Throws profile-in-use. */
  readonly claim: () => void;
  readonly queue: Queue;
}

export function createWho({ dataFile, claim, queue }: WhoParts) {
  /** Puts right what a run of bw that was cut short has left, before anybody acts on it. Throws profile-in-use. */
  async function mend(): Promise<void> {
    if (!dataFile.cutShort()) return;
    claim();
    await queue(() => dataFile.mend());
  }

  /** STRANGER in a layout that is not known. */
  async function account(): Promise<Account | undefined> {
    const json = (await dataFile.read()) ?? {};
    return layoutOf(json) ? describe(json) : STRANGER;
  }

  /** Throws not-logged-in, and profile-in-use where another daemon serves this folder. */
  async function requireAccount(): Promise<Account> {
    await mend();
    const found = await account();
    if (!found) throw failure('not-logged-in', { dataDir: dataFile.folder });
    // Before anybody is asked for anything.
    claim();
    return found;
  }

  /** Throws already-logged-in, profile-in-use, and data-file-unknown. */
  async function requireNobody(): Promise<void> {
    await mend();
    const found = await account();
    claim();
    if (found === STRANGER) throw unknownLayout(dataFile.file);
    if (found) throw failure('already-logged-in', { account: found.email });
  }

  async function now(): Promise<{ account: string; server: string }> {
    const { email, server = DEFAULT_SERVER } = await requireAccount();
    return { account: email, server };
  }

  /** True where a session stands in data.json. Throws profile-in-use where it may be another daemon's. */
  async function otherSession(): Promise<boolean> {
    if (slot((await dataFile.read()) ?? {}) === undefined) return false;
    try {
      claim();
    } catch (thrown) {
      if (toFailure(thrown).is('profile-in-use')) throw thrown;
    }
    return true;
  }

  return { mend, account, requireAccount, requireNobody, now, otherSession };
}

/** The failure for a file whose layout is not known here. */
export function unknownLayout(file: string): Failure {
  const problem = 'this bw is newer than bw-helper, or very old';
  return failure('data-file-unknown', { file, problem });
}
