/** Answers bw's challenges from the keychain; asks for the keychain's passphrase where it must. */
import { failure } from '../shared/errors.ts';
import type { Secret } from '../shared/secret.ts';
import { type Caller, inPerson } from './caller.ts';
import type { AskPassphrase } from './keychain/port.ts';
import type { Waiters } from './prompts.ts';

const SUBJECT = 'the keychain file of bw-helper';

/** Asks the one caller whose request needs the keychain. */
export function passphraseFrom(caller: Caller): AskPassphrase {
  const { desktop } = caller;
  if (!inPerson(caller)) return Object.assign(askNobody(), { desktop });
  const ask: AskPassphrase = ({ purpose, attempt }) =>
    caller.ask({
      what: purpose === 'create' ? 'new-passphrase' : 'passphrase',
      subject: SUBJECT,
      attempt,
    });
  return Object.assign(ask, { desktop });
}

/** Asks whoever of the waiting can answer. */
export function passphraseFromWaiters<T>(waiters: Waiters<T>): AskPassphrase {
  const ask: AskPassphrase = async ({ attempt }): Promise<Secret> => {
    const { secret } = await waiters.ask({ what: 'passphrase', subject: SUBJECT, attempt });
    return secret;
  };
  return Object.assign(ask, { desktop: waiters.desktop });
}

/** For work in the background, where nobody is asked. */
export const passphraseFromNobody: AskPassphrase = askNobody();

function askNobody(): AskPassphrase {
  const ask = () => {
    throw failure('keychain-locked');
  };
  return Object.assign(ask, { nobody: true as const });
}
