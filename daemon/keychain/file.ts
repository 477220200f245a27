/**
 * The keychain for machines without one: a file, encrypted with a key that scrypt makes of a
 * passphrase. It is read anew at each use, as another daemon or a backup may have replaced it.
 */
import { failure, toFailure } from '../../shared/errors.ts';
import { Secret } from '../../shared/secret.ts';
import { realCalls } from '../system/file-calls.ts';
import { type Place, readDocument, writeDocument } from './document.ts';
import { bound, createPassphraseKey } from './passphrase.ts';
import type { ReadPassphraseFile } from './passphrase-file.ts';
import type { Keychain, StoredSecret } from './port.ts';
import { seal, unseal } from './seal.ts';

export interface KeychainFileOptions {
  readonly file: string;
  readonly uid: number;
  readonly platform: NodeJS.Platform;
  /** Who has one is not asked for the passphrase. */
  readonly passphraseFile?: ReadPassphraseFile;
  /** scrypt's N for a new file, for tests that have no time for the real one. */
  readonly cost?: number;
  /** File calls, for tests of full disks. */
  readonly calls?: Partial<Place['calls']>;
}

/** The keychain in `file`, which does not need to exist yet; nothing is read before the first use. */
export function openKeychainFile(options: KeychainFileOptions): Keychain {
  const { file, uid, platform } = options;
  const place: Place = { file, uid, platform, calls: { ...realCalls, ...options.calls } };
  const { passphraseFile = () => undefined } = options;
  const passphrase = createPassphraseKey(options.cost, passphraseFile);

  return {
    kind: 'file',

    async get(account, ask) {
      for (;;) {
        const found = readDocument(place);
        const entry = found?.entries.find((one) => one.account === account);
        if (!found || !entry) return undefined;
        const open = passphrase.fitting(found);
        if (open) {
          const plain = unseal(open.key, entry.sealed, bound(found, account));
          if (plain) return secretIn(plain);
          const problem = `its entry for ${account} was changed`;
          throw failure('keychain-damaged', { file, problem });
        }
        await passphrase.obtain(found, ask);
      }
    },

    async set(account, secret, ask) {
      for (;;) {
        const found = readDocument(place);
        const open = passphrase.fitting(found);
        if (open) {
          const { document, key } = open;
          const plain = bytesOf(secret);
          const sealed = seal(key, plain, bound(document, account));
          plain.fill(0);
          const others = document.entries.filter((one) => one.account !== account);
          writeDocument(place, { ...document, entries: [...others, { account, sealed }] });
          return passphrase.written();
        }
        await passphrase.obtain(found, ask);
      }
    },

    async delete(account) {
      const found = readDocument(place);
      const others = found?.entries.filter((one) => one.account !== account) ?? [];
      if (!found || others.length === found.entries.length) return false;
      writeDocument(place, { ...found, entries: others });
      return true;
    },

    async status(account) {
      const found = readDocument(place);
      const stored = found?.entries.some((one) => one.account === account) ?? false;
      if (!stored || passphrase.fitting(found)) return { stored, locked: false, where: file };
      return { stored, where: file, ...withoutAsking(passphraseFile) };
    },

    forget: passphrase.forget,
  };
}

function withoutAsking(passphraseFile: ReadPassphraseFile): { locked: boolean; problem?: string } {
  try {
    const written = passphraseFile();
    written?.passphrase.wipe();
    return { locked: !written };
  } catch (thrown) {
    return { locked: true, problem: toFailure(thrown).message };
  }
}

function bytesOf({ clientId, clientSecret }: StoredSecret): Buffer {
  return Buffer.from(JSON.stringify([clientId, clientSecret.reveal()]));
}

function secretIn(plain: Buffer): StoredSecret {
  const [clientId, clientSecret] = JSON.parse(plain.toString());
  plain.fill(0);
  return { clientId, clientSecret: new Secret(clientSecret) };
}
