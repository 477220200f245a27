import { randomBytes, randomUUID } from 'node:crypto';
import {
  decrypt,
  deriveFromPassword,
  encrypt,
  type Kdf,
  makeKeyPair,
  PBKDF2,
  type SymmetricKey,
} from './crypto.ts';

/** What a person knows of an account. Every value is made up and says so. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly userId: string;
  /** `user.<userId>`, as the web vault shows it. */
  readonly clientId: string;
  /** The current one; `rotateSecret` changes it. */
  readonly clientSecret: string;
}

/** One stored item as clients send and get it; the server does not look inside. */
export type Cipher = Readonly<Record<string, unknown>> & { readonly id: string };

/** An item made readable for a test. */
export interface Item {
  readonly id: string;
  readonly name: string;
}

/** What the server wants at a login by password besides the password. */
export interface Demands {
  /** The client_secret, as proof that it is no robot: what servers did until 2025. */
  readonly challenge?: boolean;
  /** The code of an authenticator app. */
  readonly twoFactorCode?: string;
  /** The code that was mailed because the device is not known. */
  readonly newDeviceCode?: string;
}

export interface Account {
  readonly credentials: Credentials;
  readonly kdf: Kdf;
  demands: Demands;
  /** False where an organization keeps the key: see Key Connector and trusted devices. */
  hasMasterPassword: boolean;
  readonly passwordHash: string;
  /** The user key wrapped by the master password. */
  readonly wrappedUserKey: string;
  readonly keyPair: { readonly publicKey: string; readonly wrappedPrivateKey: string };
  readonly securityStamp: string;
  /** The id that bw 2026.9.0 registers for the user key. */
  userKeyId: string | undefined;
  ciphers(): readonly Cipher[];
  /** Stores what a client posted and answers it as stored. */
  store(posted: Readonly<Record<string, unknown>>): Cipher;
  /** A login item made on the server, as if by another device. */
  addLogin(name: string, username: string, password: string): Item;
  items(): readonly Item[];
  /** ms since the epoch; moves forward with every change. */
  revisionMs(): number;
  rotateSecret(): string;
}

/** An account with real keys and two items in its vault. */
export async function makeAccount(given: {
  readonly email?: string;
  readonly password?: string;
  readonly kdf?: Kdf;
}): Promise<Account> {
  const {
    email = 'fern@example.test',
    password = fake('fake master password '),
    kdf = PBKDF2,
  } = given;
  const userKey = randomBytes(64);
  const { wrappingKey, passwordHash } = await deriveFromPassword(password, email, kdf);
  const userId = randomUUID();
  const identity = { email, password, userId, clientId: `user.${userId}` };
  let clientSecret = fake('FakeClientSecret');

  const account: Account = {
    // A fresh copy each time: a test may keep the old secret in its hands.
    get credentials() {
      return { ...identity, clientSecret };
    },
    kdf,
    demands: {},
    hasMasterPassword: true,
    passwordHash,
    wrappedUserKey: encrypt(userKey, wrappingKey),
    keyPair: await makeKeyPair(userKey),
    securityStamp: randomUUID(),
    userKeyId: undefined,
    ...makeVault(userKey),
    rotateSecret() {
      clientSecret = fake('FakeClientSecret');
      return clientSecret;
    },
  };
  account.addLogin('Fern forum', 'fern', 'fake-forum-password');
  account.addLogin('Moss mail', 'fern@moss.test', 'fake-mail-password');
  return account;
}

function makeVault(
  userKey: SymmetricKey,
): Pick<Account, 'ciphers' | 'store' | 'addLogin' | 'items' | 'revisionMs'> {
  const stored: Cipher[] = [];
  let revisionMs = Date.now();

  const store: Account['store'] = (posted) => {
    // Strictly later: bw syncs only where the revision date is after its last sync.
    revisionMs = Math.max(Date.now(), revisionMs + 1);
    const now = new Date(revisionMs).toISOString();
    const cipher = {
      ...posted,
      id: randomUUID(),
      creationDate: now,
      revisionDate: now,
      deletedDate: null,
      // bw posts `{}` here and cannot read that back.
      attachments: null,
      organizationUseTotp: false,
      collectionIds: [],
      edit: true,
      viewPassword: true,
      permissions: { delete: true, restore: true },
      object: 'cipherDetails',
    };
    stored.push(cipher);
    return cipher;
  };

  const read = (cipher: Cipher): Item => ({
    id: cipher.id,
    // Newer clients give each item a key of its own, wrapped by the user key.
    name: decrypt(
      String(cipher.name),
      cipher.key ? decrypt(String(cipher.key), userKey) : userKey,
    ).toString(),
  });

  return {
    ciphers: () => stored,
    store,
    addLogin: (name, username, password) =>
      read(
        store({
          type: 1,
          organizationId: null,
          folderId: null,
          favorite: false,
          reprompt: 0,
          key: null,
          name: encrypt(name, userKey),
          notes: null,
          fields: null,
          login: {
            username: encrypt(username, userKey),
            password: encrypt(password, userKey),
            totp: null,
            uris: [],
          },
        }),
      ),
    items: () => stored.map(read),
    revisionMs: () => revisionMs,
  };
}

/** Clearly not a real secret, and unlike any other in a search through logs and files. */
function fake(prefix: string): string {
  return prefix + randomBytes(7).toString('hex');
}
