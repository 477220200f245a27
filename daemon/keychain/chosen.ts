/** The keychain that the settings name, at each use anew, and the way of a secret from one to the other. */
import { failure } from '../../shared/errors.ts';
import { holds, keep } from './keep.ts';
import type { AskPassphrase, Keychain, KeychainKind } from './port.ts';

export interface ChosenKeychain extends Omit<Keychain, 'forget'> {
  /**
   * Takes what is stored for `account` from the other keychain to this one; there it is deleted once it
   * can be read here. Gives where it is now, also where it was there before. Throws no-client-secret, keychain-holds-another, and what
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
    async move(account, to, ask) {
      const [from, there] = [kinds[to === 'os' ? 'file' : 'os'], kinds[to]];
      const { where } = await there.status(account);
      const secret = await from.get(account, ask);
      if (!secret) {
        const already = await there.get(account, ask);
        already?.clientSecret.wipe();
        if (already) return where;
        throw failure('no-client-secret');
      }
      try {
        // It may be there already, where the last move was cut short.
        const before = await holds(there, account, secret, ask);
        if (before === 'another') throw failure('keychain-holds-another', { where });
        if (before === 'nothing') await keep(there, account, secret, ask);
        await from.delete(account, ask);
      } finally {
        secret.clientSecret.wipe();
      }
      return where;
    },
  };
}
