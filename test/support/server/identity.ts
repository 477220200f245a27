/** /identity: prelogin and the three grants, with the official server's words for a refusal. */
import type { Account } from './accounts.ts';
import { PBKDF2 } from './crypto.ts';
import { decryptionOptions, privateKeys } from './models.ts';
import type { Answer } from './router.ts';
import type { Tokens } from './tokens.ts';

/** bw compares `error` alone; the message is what it prints. */
const WRONG_PASSWORD = invalid('Username or password is incorrect. Try again.');

/** POST /identity/connect/token. */
export function grantToken(
  form: URLSearchParams,
  accounts: readonly Account[],
  tokens: Tokens,
): Answer {
  const field = (name: string) => form.get(name) ?? '';
  switch (form.get('grant_type')) {
    case 'password': {
      const account = byEmail(accounts, field('username'));
      // The proof is looked at before the password.
      const proof = account && challenge(account, field('captchaResponse'));
      if (proof) return proof;
      if (account?.passwordHash !== field('password')) return WRONG_PASSWORD;
      return (
        twoFactor(account, field('twoFactorToken')) ??
        newDevice(account, field('newDeviceOtp')) ??
        tokenAnswer(account, tokens, 'cli', true)
      );
    }
    case 'client_credentials': {
      const account = accounts.find(
        ({ credentials }) => credentials.clientId === field('client_id'),
      );
      if (account?.credentials.clientSecret !== field('client_secret'))
        return refused('invalid_client');
      return tokenAnswer(account, tokens, field('client_id'), false);
    }
    case 'refresh_token': {
      const account = tokens.refreshOwner(field('refresh_token'));
      return account ? tokenAnswer(account, tokens, 'cli', true) : refused('invalid_grant');
    }
    default:
      return refused('unsupported_grant_type');
  }
}

/** The key derivation of an account, in the old shape and in that of 2026.9 at once. */
export function prelogin(email: string, accounts: readonly Account[]): Answer {
  // The official server invents settings for a stranger, so as not to tell who has an account.
  const kdf = byEmail(accounts, email)?.kdf ?? { ...PBKDF2, iterations: 600_000 };
  const { type, iterations, memory, parallelism } = kdf;
  return {
    status: 200,
    body: {
      kdf: type,
      kdfIterations: iterations,
      kdfMemory: memory,
      kdfParallelism: parallelism,
      kdfSettings: { kdfType: type, iterations, memory, parallelism },
      salt: email.trim().toLowerCase(),
    },
  };
}

/** The words and fields of servers until 2025.4. */
function challenge({ demands, credentials }: Account, given: string): Answer | undefined {
  if (!demands.challenge) return undefined;
  if (given === '')
    return {
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'Captcha required.',
        HCaptcha_SiteKey: 'fake-site-key',
      },
    };
  if (given !== credentials.clientSecret)
    return invalid('Captcha is invalid. Please refresh and try again');
  return undefined;
}

function twoFactor({ demands }: Account, given: string): Answer | undefined {
  if (demands.twoFactorCode === undefined || given === demands.twoFactorCode) return undefined;
  if (given !== '') return invalid('Two-step token is invalid. Try again.');
  return {
    status: 400,
    body: {
      error: 'invalid_grant',
      error_description: 'Two factor required.',
      // 0 is an authenticator app.
      TwoFactorProviders: ['0'],
      TwoFactorProviders2: { '0': null },
      MasterPasswordPolicy: { Object: 'masterPasswordPolicy' },
    },
  };
}

function newDevice({ demands }: Account, given: string): Answer | undefined {
  if (demands.newDeviceCode === undefined || given === demands.newDeviceCode) return undefined;
  if (given !== '') return invalid('Invalid New Device OTP. Try again.');
  return {
    status: 400,
    body: {
      error: 'device_error',
      error_description: 'New device verification required',
      ErrorModel: { Message: 'new device verification required', Object: 'error' },
    },
  };
}

function invalid(message: string): Answer {
  return {
    status: 400,
    body: {
      error: 'invalid_grant',
      error_description: 'invalid_username_or_password',
      ErrorModel: { Message: message, Object: 'error' },
    },
  };
}

function tokenAnswer(
  account: Account,
  tokens: Tokens,
  clientId: string,
  refreshable: boolean,
): Answer {
  const { accessToken, expiresInSeconds } = tokens.issue(account, clientId);
  return {
    status: 200,
    body: {
      access_token: accessToken,
      expires_in: expiresInSeconds,
      token_type: 'Bearer',
      scope: refreshable ? 'api offline_access' : 'api',
      // With an API key there is none: bw asks again with the secret it keeps in data.json.
      ...(refreshable && { refresh_token: tokens.issueRefresh(account) }),
      Key: account.wrappedUserKey,
      PrivateKey: account.keyPair.wrappedPrivateKey,
      AccountKeys: privateKeys(account),
      Kdf: account.kdf.type,
      KdfIterations: account.kdf.iterations,
      KdfMemory: account.kdf.memory,
      KdfParallelism: account.kdf.parallelism,
      ResetMasterPassword: false,
      ForcePasswordReset: false,
      MasterPasswordPolicy: { Object: 'masterPasswordPolicy' },
      UserDecryptionOptions: {
        HasMasterPassword: account.hasMasterPassword,
        ...decryptionOptions(account),
      },
    },
  };
}

function byEmail(accounts: readonly Account[], email: string): Account | undefined {
  const wanted = email.trim().toLowerCase();
  return accounts.find(({ credentials }) => credentials.email === wanted);
}

function refused(error: string): Answer {
  return { status: 400, body: { error } };
}
