/** The cryptography of the keychain file: a key out of a passphrase, and sealing with it. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import * as v from 'valibot';
import { Secret } from '../../shared/secret.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 16;

/**
 * 128 MiB and some 0.4 s a guess on a laptop: the least that OWASP recommends for scrypt, and short
 * enough to wait for once in a daemon's life.
 */
const COST = 2 ** 17;
const BLOCK_BYTES = 128;

/**
 * How a key is made, as stored. Bounded, so that a hostile file cannot make us use more than 256 MiB;
 * more than 2^17 is for later versions.
 */
export const kdf = v.strictObject({
  name: v.literal('scrypt'),
  N: v.picklist([2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18]),
  r: v.literal(8),
  p: v.literal(1),
  salt: v.pipe(v.string(), v.base64(), v.length(24)),
});
type Kdf = v.InferOutput<typeof kdf>;

/** Parameters for a new file, with a salt of its own. `cost` is scrypt's N; tests take a low one. */
export function freshKdf(cost = COST): Kdf {
  return { name: 'scrypt', N: cost, r: 8, p: 1, salt: randomBytes(SALT_BYTES).toString('base64') };
}

/** The key that `passphrase` gives; takes some 0.4 s off the main thread. */
export function keyFrom(passphrase: Secret, { N, r, p, salt }: Kdf): Promise<Secret> {
  // Node refuses more than 32 MiB unless told; scrypt needs a little beside its table.
  const maxmem = BLOCK_BYTES * N * r + 1024 * 1024;
  return new Promise((resolve, reject) =>
    scrypt(
      passphrase.bytes(),
      Buffer.from(salt, 'base64'),
      KEY_BYTES,
      { N, r, p, maxmem },
      (error, key) => (error ? reject(error) : resolve(new Secret(key))),
    ),
  );
}

/** Encrypts `plain` so that it opens only together with `bound`. Base64 of nonce, text and tag. */
export function seal(key: Secret, plain: Buffer, bound: string): string {
  // Random nonces: a file would need 2^32 writes before one is likely to come twice.
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.bytes(), nonce).setAAD(Buffer.from(bound));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

/** What was sealed; undefined where key, `bound` or a bit of it is another. */
export function unseal(key: Secret, sealed: string, bound: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, key.bytes(), nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(bound))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(text), decipher.final()]);
  } catch {
    return undefined;
  }
}
