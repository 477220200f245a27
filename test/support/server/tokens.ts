import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Account } from './accounts.ts';

/** How long a token lives, in seconds: what its `exp` says, and what the server really does. */
export interface TokenLife {
  readonly claimSeconds: number;
  readonly acceptedSeconds: number;
}

export interface Tokens {
  /** An access token (a JWT) and its `expires_in`; `life` for this one alone. */
  issue(
    account: Account,
    clientId: string,
    life?: TokenLife,
  ): { accessToken: string; expiresInSeconds: number };
  issueRefresh(account: Account): string;
  /** Whose access token an Authorization header carries, while the server accepts it. */
  owner(authorization: string | undefined): Account | undefined;
  refreshOwner(refreshToken: string): Account | undefined;
  /** For the tokens issued from now on. */
  setLife(life: TokenLife): void;
}

/** Issues tokens and remembers them: what is not in the table was not issued here. */
export function createTokens(issuer: string, first: TokenLife): Tokens {
  const signingKey = randomBytes(32);
  const access = new Map<string, { account: Account; untilMs: number }>();
  const refresh = new Map<string, Account>();
  let usual = first;

  return {
    issue(account, clientId, life = usual) {
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const { email, userId } = account.credentials;
      const accessToken = jwt(signingKey, {
        iss: `${issuer}/identity`,
        nbf: nowSeconds,
        iat: nowSeconds,
        exp: nowSeconds + life.claimSeconds,
        client_id: clientId,
        sub: userId,
        jti: randomUUID(),
        scope: ['api', 'offline_access'],
        amr: ['Application'],
        email,
        email_verified: true,
        name: 'Fern (test)',
        premium: false,
        sstamp: account.securityStamp,
      });
      access.set(accessToken, { account, untilMs: Date.now() + life.acceptedSeconds * 1_000 });
      return { accessToken, expiresInSeconds: life.claimSeconds };
    },
    issueRefresh(account) {
      const token = randomBytes(32).toString('base64url');
      refresh.set(token, account);
      return token;
    },
    owner(authorization = '') {
      const issued = access.get(authorization.replace(/^Bearer /, ''));
      return issued && Date.now() < issued.untilMs ? issued.account : undefined;
    },
    refreshOwner: (token) => refresh.get(token),
    setLife(next) {
      usual = next;
    },
  };
}

function jwt(key: Buffer, claims: object): string {
  const [head, body] = [{ alg: 'HS256', typ: 'at+jwt' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', key).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}
