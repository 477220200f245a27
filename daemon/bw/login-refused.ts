/**
 * Why bw did not log in by password, told apart where bw has one sentence for two causes: for the
 * challenge it says the same of a wrong client_secret and of a wrong password.
 */
import { type Failure, failure, toFailure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { StoredSecret } from '../keychain/port.ts';
import { appIdOf, identityOf } from '../vault/layout.ts';
import type { Json } from '../vault/layouts.ts';
import type { CheckApiKey } from './api-key-check.ts';
import { explain, type OutcomeContext } from './outcome.ts';
import type { BwResult } from './run.ts';

/** What answers the challenge, if the server raises it. */
export interface Proof {
  readonly stored?: StoredSecret | undefined;
  /** Why the keychain could not be asked. */
  readonly unavailable?: Failure;
}

/** A login by password that bw did not make. */
export interface Refused {
  readonly result: BwResult;
  /** The data.json that bw left. */
  readonly left: Json;
  /** The person's own arguments. */
  readonly args: readonly string[];
  readonly proof: Proof;
  /** Undefined where bw asked the person itself. */
  readonly password: Secret | undefined;
}

export interface RefusedParts {
  readonly context: (secrets: readonly Secret[]) => OutcomeContext;
  readonly checkApiKey: CheckApiKey;
}

export async function whyRefused(parts: RefusedParts, refused: Refused): Promise<Failure> {
  const { result, proof, password } = refused;
  const secrets = [password, proof.stored?.clientSecret].filter((one) => one !== undefined);
  // Ctrl-C at a prompt of bw, or the end of its stdin (2023.12.1, 2026.9.0).
  if (!password && result.exitCode === 0) return failure('prompt-cancelled');
  const reason = explain('login', result, parts.context(secrets));
  if (reason.is('challenge-failed')) return await toldApart(parts.checkApiKey, refused);
  // The person has just read it.
  return !password && reason.is('bw-failed') ? failure('login-failed') : reason;
}

async function toldApart(
  checkApiKey: CheckApiKey,
  { left, args, password, proof: { stored, unavailable } }: Refused,
): Promise<Failure> {
  const failed = (problem: string) => failure('challenge-failed', { problem });
  if (!stored)
    return password
      ? (unavailable ?? failure('no-client-secret'))
      : failed('what was typed for it was wrong, or the master password was');
  try {
    const deviceId = appIdOf(left) ?? '';
    const verdict = await checkApiKey({ secret: stored, identity: identityOf(left), deviceId });
    if (verdict === 'wrong') return failure('wrong-client-secret');
    return args.some((arg) => /^--code(=|$)/.test(arg))
      ? failed('the stored one is right, so the master password or the code was wrong')
      : failure('wrong-password');
  } catch (thrown) {
    const { message } = toFailure(thrown);
    return failed(`it or the master password was wrong, and it did not say which: ${message}`);
  }
}
