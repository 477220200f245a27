import type { Account } from './accounts.ts';

/** The key pair as 2026.9 wants it, in the token answer and in the profile. */
export function privateKeys({ keyPair }: Account) {
  return {
    publicKeyEncryptionKeyPair: { ...keyPair, signedPublicKey: null },
    signatureKeyPair: null,
    securityState: null,
    object: 'privateKeys',
  };
}

/** What a master password opens; bw reads names with a small and a capital first letter alike. */
export function decryptionOptions(account: Account) {
  const { type, iterations, memory, parallelism } = account.kdf;
  if (!account.hasMasterPassword) return { MasterPasswordUnlock: null };
  return {
    MasterPasswordUnlock: {
      Kdf: { KdfType: type, Iterations: iterations, Memory: memory, Parallelism: parallelism },
      MasterKeyEncryptedUserKey: account.wrappedUserKey,
      Salt: account.credentials.email,
    },
  };
}

/** GET /api/sync. */
export function syncModel(account: Account) {
  const { email, userId } = account.credentials;
  return {
    object: 'sync',
    profile: {
      object: 'profile',
      id: userId,
      name: 'Fern (test)',
      email,
      emailVerified: true,
      premium: false,
      premiumFromOrganization: false,
      culture: 'en-US',
      twoFactorEnabled: false,
      key: account.wrappedUserKey,
      privateKey: account.keyPair.wrappedPrivateKey,
      accountKeys: privateKeys(account),
      securityStamp: account.securityStamp,
      forcePasswordReset: false,
      usesKeyConnector: false,
      verifyDevices: true,
      creationDate: '2026-01-01T00:00:00.000Z',
      organizations: [],
      providers: [],
      providerOrganizations: [],
    },
    folders: [],
    collections: [],
    ciphers: account.ciphers(),
    domains: null,
    policies: [],
    sends: [],
    userDecryption: {
      masterPasswordUnlock: decryptionOptions(account).MasterPasswordUnlock,
      // Left out, 2026.9.0 posts it at every login.
      ...(account.userKeyId && { userKeyId: account.userKeyId }),
    },
  };
}

/** GET /api/config: no feature is on, so bw does what it does by default. */
export function configModel(url: string) {
  return {
    object: 'config',
    version: '2026.9.0',
    gitHash: '00000000',
    server: null,
    environment: {
      cloudRegion: null,
      vault: url,
      api: `${url}/api`,
      identity: `${url}/identity`,
      notifications: `${url}/notifications`,
      sso: '',
    },
    featureStates: {},
    push: null,
    settings: { disableUserRegistration: true },
  };
}
