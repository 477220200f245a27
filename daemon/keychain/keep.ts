/** What is stored is believed only when it was read back. */
import { Failure, failure } from '../../shared/errors.ts';
import { type AskPassphrase, type Keychain, type StoredSecret, sameSecret } from './port.ts';

/**
 * What a keychain holds for this account beside `wanted`; `nothing` also where it is gone, whatever was
 * there once. Throws what the keychain throws.
 */
export async function holds(
  keychain: Pick<Keychain, 'get'>,
  account: string,
  wanted: StoredSecret,
  ask: AskPassphrase,
): Promise<'nothing' | 'it' | 'another'> {
  const found = await keychain.get(account, ask).catch((thrown) => {
    if (thrown instanceof Failure && thrown.is('keychain-item-gone')) return undefined;
    throw thrown;
  });
  if (!found) return 'nothing';
  const same = sameSecret(found, wanted);
  found.clientSecret.wipe();
  return same ? 'it' : 'another';
}

/** Stores it. Throws keychain-failed where something else is read back, and what the keychain throws. */
export async function keep(
  keychain: Pick<Keychain, 'get' | 'set'>,
  account: string,
  secret: StoredSecret,
  ask: AskPassphrase,
): Promise<void> {
  await keychain.set(account, secret, ask);
  if ((await holds(keychain, account, secret, ask)) !== 'it')
    throw failure('keychain-failed', { problem: 'what was stored is not what it gives back' });
}
