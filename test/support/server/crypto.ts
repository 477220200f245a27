/**
 * Bitwarden's own cryptography, from the client's side: a server never sees these keys, but here it
 * has to play the web vault in which the account was made.
 */
import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  generateKeyPair,
  pbkdf2,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** How a master password is stretched, by the names that clients and servers use. */
export interface Kdf {
  /** 0 is PBKDF2, 1 is Argon2id. */
  readonly type: 0 | 1;
  readonly iterations: number;
  /** MiB, of Argon2id. */
  readonly memory: number | null;
  readonly parallelism: number | null;
}

/** The fewest that bw 2026.9.0 accepts at prelogin (read in its bundle: PRELOGIN_ITERATIONS_MIN). */
export const PBKDF2: Kdf = { type: 0, iterations: 5_000, memory: null, parallelism: null };
/** The least that bw 2026.9.0 accepts (read in its bundle: 2 iterations, 16 MiB). */
export const ARGON2ID: Kdf = { type: 1, iterations: 2, memory: 16, parallelism: 1 };

/** 64 bytes: AES-256-CBC key, then HMAC-SHA256 key. */
export type SymmetricKey = Buffer;

/** What a master password becomes: the key that wraps the user key, and what the server compares. */
export async function deriveFromPassword(
  password: string,
  salt: string,
  kdf: Kdf,
): Promise<{ wrappingKey: SymmetricKey; passwordHash: string }> {
  const master = await stretch(password, salt, kdf);
  const hash = await derive(master, password, 1, 32, 'sha256');
  const wrappingKey = Buffer.concat([expand(master, 'enc'), expand(master, 'mac')]);
  return { wrappingKey, passwordHash: hash.toString('base64') };
}

/** An EncString of type 2: `2.iv|ciphertext|mac`, each base64. */
export function encrypt(plain: Buffer | string, key: SymmetricKey): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', key.subarray(0, 32), iv);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const parts = [iv, sealed, macOf(iv, sealed, key)];
  return `2.${parts.map((part) => part.toString('base64')).join('|')}`;
}

/** Reads an EncString of type 2. @throws where it is of another type or its MAC is wrong. */
export function decrypt(text: string, key: SymmetricKey): Buffer {
  const [iv, sealed, mac] = text
    .replace(/^2\./, '')
    .split('|')
    .map((part) => Buffer.from(part, 'base64'));
  if (!text.startsWith('2.') || !iv || !sealed || !mac)
    throw new Error('not an EncString of type 2');
  if (!macOf(iv, sealed, key).equals(mac)) throw new Error('EncString made with another key');
  const decipher = createDecipheriv('aes-256-cbc', key.subarray(0, 32), iv);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

/** An RSA pair as bw keeps it: public SPKI in base64, private PKCS#8 wrapped by the user key. */
export async function makeKeyPair(
  userKey: SymmetricKey,
): Promise<{ publicKey: string; wrappedPrivateKey: string }> {
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  return {
    publicKey: pair.publicKey.toString('base64'),
    wrappedPrivateKey: encrypt(pair.privateKey, userKey),
  };
}

async function stretch(password: string, salt: string, kdf: Kdf): Promise<Buffer> {
  if (kdf.type === 0) return derive(password, salt, kdf.iterations, 32, 'sha256');
  return promisify(argon2)('argon2id', {
    message: password,
    nonce: createHash('sha256').update(salt).digest(),
    passes: kdf.iterations,
    memory: (kdf.memory ?? 0) * 1_024,
    parallelism: kdf.parallelism ?? 1,
    tagLength: 32,
  });
}

function macOf(iv: Buffer, sealed: Buffer, key: SymmetricKey): Buffer {
  return createHmac('sha256', key.subarray(32)).update(iv).update(sealed).digest();
}

/** HKDF-Expand alone, one block; Node's own hkdf would extract first. */
function expand(key: Buffer, info: string): Buffer {
  return createHmac('sha256', key).update(info).update(Buffer.of(1)).digest();
}
