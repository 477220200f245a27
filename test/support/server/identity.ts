/** /identity: prelogin and the three grants, with the official server's words for a refusal. */
import type { Account } from './accounts.ts';
import { decryptionOptions, privateKeys } from './models.ts';
import type { Answer } from './router.ts';
import type { Tokens } from './tokens.ts';

/** bw compares `error` alone; the message is what it prints. */
const WRONG_PASSWORD: Answer = {
  status: 400,
  body: {
    error: 'invalid_grant',
    error_description: 'invalid_username_or_password',
    ErrorModel: {
      Message: 'Username or password is incorrect. Try again.',
      Object: 'error',
    },
  },
};

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
      if (account?.passwordHash !== field('password')) return WRONG_PASSWORD;
      return tokenAnswer(account, tokens, 'cli', true);
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
  const iterations = byEmail(accounts, email)?.iterations ?? 600_000;
  return {
    status: 200,
    body: {
      kdf: 0,
      kdfIterations: iterations,
      kdfSettings: { kdfType: 0, iterations },
      salt: email.trim().toLowerCase(),
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
      Kdf: 0,
      KdfIterations: account.iterations,
      KdfMemory: null,
      KdfParallelism: null,
      ResetMasterPassword: false,
      ForcePasswordReset: false,
      MasterPasswordPolicy: { Object: 'masterPasswordPolicy' },
      UserDecryptionOptions: { HasMasterPassword: true, ...decryptionOptions(account) },
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
