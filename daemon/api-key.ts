/** One account's API key between the keychain, data.json, and who may have it. */
import { failure, toFailure } from '../shared/errors.ts';
import { holds, keep } from './keychain/keep.ts';
import type { AskPassphrase, Keychain, StoredSecret } from './keychain/port.ts';
import type { ProfileSettings } from './settings/settings.ts';
import type { DataFile } from './vault/data-file.ts';
import type { Account } from './vault/layout.ts';
import { apiKeyAtRest, takeOutClientSecret } from './vault/scrub.ts';

export interface ApiKeyParts {
  /** The account's name in the keychain: that of its profile. */
  readonly name: string;
  readonly keychain: Omit<Keychain, 'forget'>;
  readonly settings: () => ProfileSettings;
  /** For messages. */
  readonly settingsFile: string;
  readonly dataFile: DataFile;
}

export interface ApiKey {
  /**
   * What a run of bw for this login must be given; undefined lets bw go on with what it has. The
   * caller wipes it. Throws what the keychain throws.
   */
  secretFor(who: Account, ask: AskPassphrase): Promise<StoredSecret | undefined>;
  /** bw has client_secret in data.json, as the settings want it, and renews its token by itself. */
  leftToBw(who: Account): boolean;
  /**
   * Does `work` with what `secretFor` gives, and wipes it. Where bw's own was refused by the server,
   * once more with what is stored here: that one may be newer.
   */
  withSecret(
    who: Account,
    ask: AskPassphrase,
    work: (secret: StoredSecret | undefined) => Promise<void>,
  ): Promise<void>;
  /** One of the two values, for `helper answer`. Throws answer-off, no-client-secret. */
  answer(what: 'client-id' | 'client-secret', ask: AskPassphrase): Promise<string>;
  /**
   * Takes client_secret out of data.json, once the keychain holds that API key: where it holds none,
   * this one is stored first. Throws another-client-secret where it holds another, unless by `force`,
   * and what `takeOutClientSecret` and the keychain throw; data.json is then as it was.
   */
  scrub(force: boolean, ask: AskPassphrase): Promise<Scrubbed>;
}

export interface Scrubbed {
  /** False where there was none. */
  readonly scrubbed: boolean;
  /** It was stored in the keychain, which held none. */
  readonly stored: boolean;
  /** The keychain, for people. */
  readonly where: string;
}

export function createApiKey(parts: ApiKeyParts): ApiKey {
  const { name, keychain, settings, dataFile } = parts;

  function leftToBw(who: Account): boolean {
    return settings().apiKeyAtRest === 'bw' && who.apiKey && who.clientSecretAtRest;
  }

  async function secretFor(who: Account, ask: AskPassphrase): Promise<StoredSecret | undefined> {
    return who.apiKey && !leftToBw(who) ? await keychain.get(name, ask) : undefined;
  }

  /** Makes sure that the keychain holds it, or another one by `force`; true where it was stored now. */
  async function storeUnlessHeld(
    found: StoredSecret,
    force: boolean,
    where: string,
    ask: AskPassphrase,
  ) {
    const before = await holds(keychain, name, found, ask);
    if (before === 'another' && !force)
      throw failure('another-client-secret', { file: dataFile.file, where });
    if (before !== 'nothing') return false;
    await keep(keychain, name, found, ask);
    return true;
  }

  return {
    leftToBw,
    secretFor,

    async withSecret(who, ask, work) {
      const given = await secretFor(who, ask);
      try {
        await work(given);
      } catch (thrown) {
        const refused = toFailure(thrown).is('wrong-client-secret');
        const stored = refused && leftToBw(who) ? await keychain.get(name, ask) : undefined;
        if (!stored) throw thrown;
        await work(stored).finally(() => stored.clientSecret.wipe());
      } finally {
        given?.clientSecret.wipe();
      }
    },

    async answer(what, ask) {
      if (!settings().answer)
        throw failure('answer-off', { what, profile: name, file: parts.settingsFile });
      const stored = await keychain.get(name, ask);
      if (!stored) throw failure('no-client-secret');
      const { clientId, clientSecret } = stored;
      const value = what === 'client-id' ? clientId : clientSecret.reveal();
      clientSecret.wipe();
      return value;
    },

    async scrub(force, ask) {
      const { where } = await keychain.status(name);
      const found = await apiKeyAtRest(dataFile);
      if (!found) return { scrubbed: false, stored: false, where };
      try {
        const stored = await storeUnlessHeld(found, force, where, ask);
        await takeOutClientSecret(dataFile, found.clientSecret);
        return { scrubbed: true, stored, where };
      } finally {
        found.clientSecret.wipe();
      }
    },
  };
}
