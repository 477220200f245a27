/** Answers bw's challenges from the keychain; asks for the keychain's passphrase where it must. */
import { failure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import { type Caller, inPerson } from './caller.ts';
import type { AskPassphrase } from './keychain/port.ts';
import type { Waiters } from './prompts.ts';

const SUBJECT = 'the keychain file of bw-helper';

/** Asks the one caller whose request needs the keychain. */
export function passphraseFrom(caller: Caller): AskPassphrase {
  if (!inPerson(caller)) return passphraseFromNobody;
  return ({ purpose, attempt }) =>
    caller.ask({
      what: purpose === 'create' ? 'new-passphrase' : 'passphrase',
      subject: SUBJECT,
      attempt,
    });
}

/** Asks whoever of the waiting can answer. */
export function passphraseFromWaiters<T>(waiters: Waiters<T>): AskPassphrase {
  return async ({ attempt }): Promise<Secret> => {
    const { secret } = await waiters.ask({ what: 'passphrase', subject: SUBJECT, attempt });
    return secret;
  };
}

/** For work in the background, where nobody is asked. */
export const passphraseFromNobody: AskPassphrase = Object.assign(
  () => {
    throw failure('keychain-locked');
  },
  { nobody: true as const },
);
