import type { Account } from './accounts.ts';
import { grantToken, prelogin } from './identity.ts';
import { configModel, syncModel } from './models.ts';
import type { Tokens } from './tokens.ts';

export interface Answer {
  readonly status: number;
  /** JSON; left out, the answer has no body. */
  readonly body?: unknown;
}

export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface House {
  readonly url: string;
  readonly accounts: readonly Account[];
  readonly tokens: Tokens;
}

/** Answers one request: what needs no token first, then what does. Unknown paths get 404. */
export function answer(asked: Asked, house: House): Answer {
  const route = `${asked.method} ${asked.path}`;
  switch (route) {
    case 'GET /api/config':
      return { status: 200, body: configModel(house.url) };
    case 'POST /identity/accounts/prelogin':
    case 'POST /identity/accounts/prelogin/password':
      return prelogin(String(json(asked).email), house.accounts);
    case 'POST /identity/connect/token':
      return grantToken(new URLSearchParams(asked.body), house.accounts, house.tokens);
  }
  if (!asked.path.startsWith('/api/')) return notFound;
  const account = house.tokens.owner(asked.authorization);
  return account ? answerFor(account, route, asked) : { status: 401 };
}

function answerFor(account: Account, route: string, asked: Asked): Answer {
  switch (route) {
    case 'GET /api/sync':
      return { status: 200, body: syncModel(account) };
    case 'GET /api/accounts/revision-date':
      return { status: 200, body: account.revisionMs() };
    case 'POST /api/accounts/key-management/user-key-id': {
      const { userKeyId } = json(asked);
      if (typeof userKeyId === 'string') account.userKeyId = userKeyId;
      return { status: 200 };
    }
    case 'POST /api/accounts/verify-password':
      return json(asked).masterPasswordHash === account.passwordHash
        ? { status: 200, body: { object: 'masterPasswordPolicy' } }
        : { status: 400, body: { object: 'error', message: 'Invalid password.' } };
    case 'POST /api/ciphers':
      return { status: 200, body: account.store(json(asked)) };
    default:
      return notFound;
  }
}

const notFound: Answer = { status: 404, body: { object: 'error', message: 'Not found.' } };

function json({ body }: Asked): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}
