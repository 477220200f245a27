/** What every keychain can do, so that each kind is one file beside this one. */
import type { Secret } from '../../shared/secret.ts';

/** The personal API key of one account. */
export interface StoredSecret {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/**
 * Asks a person for the passphrase of a keychain that has one. `attempt` is 1 at first; above it the
 * last answer was of no use. The keychain wipes the answer. Throws whatever keeps the person from
 * answering. `nobody` marks one that always throws: it must not wait while somebody else is asked.
 */
export type AskPassphrase = ((request: {
  readonly purpose: 'open' | 'create';
  readonly attempt: number;
}) => Promise<Secret>) & { readonly nobody?: true };

/** Every call throws keychain-damaged where what is stored cannot be read, and leaves it as it is. */
export interface Keychain {
  readonly kind: 'file';
  /**
   * undefined where nothing is stored, without asking. The caller wipes the secret. Throws
   * wrong-passphrase after three wrong answers, and what `ask` throws.
   */
  get(account: string, ask: AskPassphrase): Promise<StoredSecret | undefined>;
  /** Throws as `get` does, and keychain-unwritable with the old content intact. */
  set(account: string, secret: StoredSecret, ask: AskPassphrase): Promise<void>;
  /** False where nothing was stored. Needs no passphrase. Throws keychain-unwritable. */
  delete(account: string): Promise<boolean>;
  /** Never asks. `locked`: the next use will ask; `where` is for people. */
  status(account: string): Promise<{ stored: boolean; locked: boolean; where: string }>;
  /** Forgets what opens it. */
  forget(): void;
}
