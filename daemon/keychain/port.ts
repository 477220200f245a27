/** What every keychain can do, so that each kind is one file beside this one. */
import type { Secret } from '../../shared/secret.ts';

/** The personal API key of one account. */
export interface StoredSecret {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/** Whether both are the same API key. */
export function sameSecret(one: StoredSecret, other: StoredSecret): boolean {
  return (
    one.clientId === other.clientId && one.clientSecret.bytes().equals(other.clientSecret.bytes())
  );
}

/**
 * Asks a person for the passphrase of a keychain that has one. `attempt` is 1 at first; above it the
 * last answer was of no use. The keychain wipes the answer. Throws whatever keeps the person from
 * answering. `nobody` marks one that always throws: it must not wait while somebody else is asked.
 * `desktop`: a keychain of the system may open a window of its own to ask them.
 */
export type AskPassphrase = ((request: {
  readonly purpose: 'open' | 'create';
  readonly attempt: number;
}) => Promise<Secret>) & { readonly nobody?: true; readonly desktop?: boolean };

export type KeychainKind = 'os' | 'file';

export interface KeychainStatus {
  readonly stored: boolean;
  /** The next use will ask. */
  readonly locked: boolean;
  /** For people. */
  readonly where: string;
  /** A sentence about what keeps it from being used, or from telling. */
  readonly problem?: string;
}

/**
 * The file: every call throws keychain-damaged where what is stored cannot be read, and leaves it as
 * it is. The system's: `get`, `set` and `delete` throw its own rows of shared/errors.ts.
 */
export interface Keychain {
  readonly kind: KeychainKind;
  /**
   * undefined where nothing is stored, without asking. The caller wipes the secret. Throws
   * wrong-passphrase after three wrong answers, and what `ask` throws.
   */
  get(account: string, ask: AskPassphrase): Promise<StoredSecret | undefined>;
  /** Throws as `get` does, and keychain-unwritable with the old content intact. */
  set(account: string, secret: StoredSecret, ask: AskPassphrase): Promise<void>;
  /** False where nothing was stored. The file needs no passphrase for it. Throws keychain-unwritable. */
  delete(account: string, ask: AskPassphrase): Promise<boolean>;
  /** Never asks. */
  status(account: string): Promise<KeychainStatus>;
  /** Forgets what opens it, and ends what is under way. */
  forget(): void;
}
