/** The keychain that the settings name, at each use anew, and the way of a secret from one to the other. */
import { Failure, failure } from '../../shared/errors.ts';
import {
  type AskPassphrase,
  type Keychain,
  type KeychainKind,
  type StoredSecret,
  sameSecret,
} from './port.ts';

export interface ChosenKeychain extends Keychain {
  /**
   * Takes what is stored for `account` from the other keychain to this one; there it is deleted once it
   * can be read here. Gives where it is now. Throws no-client-secret, keychain-holds-another, and what
   * either keychain throws.
   */
  move(account: string, to: KeychainKind, ask: AskPassphrase): Promise<string>;
}

export function chooseKeychain(
  wanted: () => KeychainKind,
  kinds: Readonly<Record<KeychainKind, Keychain>>,
): ChosenKeychain {
  const chosen = () => kinds[wanted()];
  return {
    get kind() {
      return wanted();
    },
    get: (account, ask) => chosen().get(account, ask),
    set: (account, secret, ask) => chosen().set(account, secret, ask),
    delete: (account, ask) => chosen().delete(account, ask),
    status: (account) => chosen().status(account),
    forget() {
      for (const keychain of Object.values(kinds)) keychain.forget();
    },
    async move(account, to, ask) {
      const [from, there] = [kinds[to === 'os' ? 'file' : 'os'], kinds[to]];
      const { where } = await there.status(account);
      const secret = await from.get(account, ask);
      if (!secret) throw failure('no-client-secret');
      try {
        // It may be there already, where the last move was cut short.
        const before = await holds(there, account, secret, ask);
        if (before === 'another') throw failure('keychain-holds-another', { where });
        if (before === 'nothing') await there.set(account, secret, ask);
        if ((await holds(there, account, secret, ask)) !== 'it')
          throw failure('keychain-failed', {
            problem: 'what was stored is not what it gives back',
          });
        await from.delete(account, ask);
      } finally {
        secret.clientSecret.wipe();
      }
      return where;
    },
  };
}

async function holds(
  keychain: Keychain,
  account: string,
  wanted: StoredSecret,
  ask: AskPassphrase,
): Promise<'nothing' | 'it' | 'another'> {
  const found = await keychain.get(account, ask).catch((thrown) => {
    // Gone, whatever was there once: there is room.
    if (thrown instanceof Failure && thrown.is('keychain-item-gone')) return undefined;
    throw thrown;
  });
  if (!found) return 'nothing';
  const same = sameSecret(found, wanted);
  found.clientSecret.wipe();
  return same ? 'it' : 'another';
}
