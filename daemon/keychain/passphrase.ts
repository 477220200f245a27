/** The one key that a passphrase gave: asked for by one prompt at a time, kept for a daemon's life. */
import { Failure, failure } from '../../shared/errors.ts';
import { PASSWORD_TRIES } from '../../shared/limits.ts';
import type { Secret } from '../../shared/secret.ts';
import { emptyDocument, type KeychainDocument } from './document.ts';
import type { ReadPassphraseFile } from './passphrase-file.ts';
import type { AskPassphrase } from './port.ts';
import { freshKdf, keyFrom, seal, unseal } from './seal.ts';

/** A file's content, or what a new file will be, with the key that opens it. */
export interface Opened {
  readonly document: KeychainDocument;
  readonly key: Secret;
}

export interface PassphraseKey {
  /** What is open without asking; `found` is undefined where there is no file. */
  fitting(found: KeychainDocument | undefined): Opened | undefined;
  /**
   * Asks, or waits for an answer that somebody else is being asked for. Whoever calls reads the file
   * and looks for what fits again, as both may have changed meanwhile. Throws wrong-passphrase,
   * prompt-cancelled after three empty new ones, passphrase-file, and what `ask` throws.
   */
  obtain(found: KeychainDocument | undefined, ask: AskPassphrase): Promise<void>;
  /** The new file stands; if it goes away, the next one gets another passphrase. */
  written(): void;
  forget(): void;
}

/** Nothing is known at first. `cost` is scrypt's N for new files. Who has a `passphraseFile` is not asked. */
export function createPassphraseKey(
  cost: number | undefined,
  passphraseFile: ReadPassphraseFile,
): PassphraseKey {
  let held: (Opened & { unwritten: boolean }) | undefined;
  /** The asking that is under way; gives a failure that ends the attempt for all who wait. */
  let asking: Promise<Failure | undefined> | undefined;

  function hold(document: KeychainDocument, key: Secret, unwritten: boolean): void {
    held?.key.wipe();
    held = { document, key, unwritten };
  }

  async function open(found: KeychainDocument, ask: AskPassphrase): Promise<void> {
    const written = passphraseFile();
    if (written) {
      const key = await derive(written.passphrase, found.kdf);
      if (unseal(key, found.check, bound(found))) return hold(found, key, false);
      key.wipe();
      const problem = 'what it holds does not open the keychain file';
      throw failure('passphrase-file', { file: written.file, problem });
    }
    for (let attempt = 1; attempt <= PASSWORD_TRIES; attempt += 1) {
      const key = await derive(await ask({ purpose: 'open', attempt }), found.kdf);
      if (unseal(key, found.check, bound(found))) return hold(found, key, false);
      key.wipe();
    }
    throw failure('wrong-passphrase');
  }

  async function create(ask: AskPassphrase): Promise<void> {
    for (let attempt = 1; attempt <= PASSWORD_TRIES; attempt += 1) {
      const passphrase =
        passphraseFile()?.passphrase ?? (await ask({ purpose: 'create', attempt }));
      if (passphrase.empty) continue;
      const document = emptyDocument(freshKdf(cost));
      const key = await derive(passphrase, document.kdf);
      const check = seal(key, Buffer.alloc(0), bound(document));
      return hold({ ...document, check }, key, true);
    }
    throw failure('prompt-cancelled');
  }

  return {
    fitting(found) {
      if (!held || (found ? bound(found) !== bound(held.document) : !held.unwritten))
        return undefined;
      return { document: found ?? held.document, key: held.key };
    },

    async obtain(found, ask) {
      if (asking && !ask.nobody) {
        const ended = await asking;
        if (ended) throw ended;
        return;
      }
      const asked = found ? open(found, ask) : create(ask);
      // Where the person did not answer, whoever waits has people of its own to ask.
      const outcome = asked.then(
        () => undefined,
        (thrown) =>
          thrown instanceof Failure && thrown.is('wrong-passphrase') ? thrown : undefined,
      );
      if (!ask.nobody) asking = outcome;
      try {
        await asked;
      } finally {
        if (asking === outcome) asking = undefined;
      }
    },

    written() {
      if (held) held.unwritten = false;
    },

    forget() {
      held?.key.wipe();
      held = undefined;
    },
  };
}

/**
 * What an entry (or, without an account, the file's check) is bound to, so that it opens nowhere
 * else: neither in another entry's place nor under other parameters.
 */
export function bound({ format, version, kdf }: KeychainDocument, account?: string): string {
  return JSON.stringify([format, version, kdf, account]);
}

async function derive(passphrase: Secret, kdf: KeychainDocument['kdf']): Promise<Secret> {
  try {
    return await keyFrom(passphrase, kdf);
  } finally {
    passphrase.wipe();
  }
}
