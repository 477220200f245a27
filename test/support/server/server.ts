import { type Credentials, type Demands, type Item, makeAccount } from './accounts.ts';
import { makeCertificate } from './certificate.ts';
import type { Kdf } from './crypto.ts';
import { listen } from './listener.ts';
import { createRequests, type Held, type Matches, type Seen } from './requests.ts';
import { answer, type House } from './router.ts';
import { createTokens } from './tokens.ts';

export interface ServerOptions {
  /** An existing folder; ca.pem is written there. */
  readonly folder: string;
  /** Life of access tokens, claimed and accepted, until `setTokenLife`. An hour by default. */
  readonly tokenSeconds?: number;
  /** Of the first account; PBKDF2 by default. */
  readonly kdf?: Kdf;
}

/** A Bitwarden server on loopback: real keys and tokens, everything in memory, all values made up. */
export interface TestServer {
  /** `https://127.0.0.1:PORT`, for `bw config server`. */
  readonly url: string;
  /** For NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  /** The first account; `clientSecret` is always the current one. */
  readonly account: Credentials;
  /** One more account; `email` in lower case. */
  addAccount(given: { readonly email: string; readonly password?: string }): Promise<Credentials>;
  /** Another device adds an item: the revision date moves, so that a plain `bw sync` has news. */
  touch(): Item;
  /** A new client_secret; the old one is refused as `invalid_client` from now on. */
  rotateSecret(): string;
  /** What a login of the first account by password must bring along from now on. */
  demand(demands: Demands): void;
  /** The first account is one whose key an organization keeps. */
  takeMasterPassword(): void;
  /**
   * For the tokens issued from now on, in seconds; accepted as long as claimed unless given.
   * Log in before shortening it: under 300 s bw refreshes during the login itself, and with tokens of
   * 1 s half of the logins of 2026.9.0 crashed.
   */
  setTokenLife(life: { readonly claimSeconds: number; readonly acceptedSeconds?: number }): void;
  /** An access token that expired an hour ago and is refused; see two-hours-old.ts. */
  expiredToken(): string;
  /** true: connections are refused and open ones cut. false: back on the same port. */
  outage(on: boolean): Promise<void>;
  /** Every request so far, oldest first. */
  readonly requests: readonly Seen[];
  /** The next request, from now on, that matches; resolves when it arrives, before its answer. */
  next(matches: Matches): Promise<Seen>;
  /** Keeps matching requests unanswered until released: to look or kill while bw waits. */
  hold(matches: Matches): Held;
  /** The first account's items as stored here, names decrypted. */
  items(): readonly Item[];
  close(): Promise<void>;
}

/** Starts a server with one account on a free port. */
export async function startServer({
  folder,
  tokenSeconds = 3_600,
  kdf,
}: ServerOptions): Promise<TestServer> {
  const [certificate, first] = await Promise.all([
    makeCertificate(folder),
    makeAccount({ ...(kdf && { kdf }) }),
  ]);
  const requests = createRequests();
  const accounts = [first];
  const life = { claimSeconds: tokenSeconds, acceptedSeconds: tokenSeconds };

  const listener = await listen(certificate, requests, (asked) => answer(asked, house));
  const url = `https://127.0.0.1:${listener.port}`;
  const house: House = { url, accounts, tokens: createTokens(url, life) };
  let touches = 0;

  return {
    url,
    caFile: certificate.caFile,
    get account() {
      return first.credentials;
    },
    async addAccount(given) {
      const account = await makeAccount(given);
      accounts.push(account);
      return account.credentials;
    },
    touch() {
      touches += 1;
      return first.addLogin(`News ${touches}`, 'fern', 'fake-news-password');
    },
    rotateSecret: () => first.rotateSecret(),
    demand(demands) {
      first.demands = demands;
    },
    takeMasterPassword() {
      first.hasMasterPassword = false;
    },
    setTokenLife: ({ claimSeconds, acceptedSeconds = claimSeconds }) =>
      house.tokens.setLife({ claimSeconds, acceptedSeconds }),
    expiredToken() {
      const { credentials } = first;
      const past = { claimSeconds: -3_600, acceptedSeconds: -3_600 };
      return house.tokens.issue(first, credentials.clientId, past).accessToken;
    },
    outage: (on) => listener.outage(on),
    requests: requests.seen,
    next: requests.next,
    hold: requests.hold,
    items: () => first.items(),
    close: () => listener.outage(true),
  };
}
