import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../shared/secret.ts';

/** `unknown`: this cannot be told here, so ask bw itself; never a reason to wipe a key. */
export type Verdict = 'live' | 'dead' | 'unknown';

// type (1), iv (16), mac (32), ciphertext (whole AES blocks): seen with 2023.12.1, 2025.4.0, 2026.9.0.
const AES_CBC_HMAC = 2;
const IV_AT_BYTES = 1;
const MAC_AT_BYTES = IV_AT_BYTES + 16;
const CIPHERTEXT_AT_BYTES = MAC_AT_BYTES + 32;
const BLOCK_BYTES = 16;
// BW_SESSION: an AES-256 key, then an HMAC-SHA256 key.
const MAC_KEY_AT_BYTES = 32;
const SESSION_KEY_BYTES = 64;

/**
 * Whether the session key `key` (base64, as BW_SESSION has it) opens this slot. It checks the slot's
 * HMAC and decrypts nothing.
 */
export function verifies(slotBase64: string, key: Secret): Verdict {
  const session = Buffer.from(key.reveal(), 'base64');
  const slot = Buffer.from(slotBase64, 'base64');
  try {
    if (session.length !== SESSION_KEY_BYTES || !isKnown(slot)) return 'unknown';
    const mac = createHmac('sha256', session.subarray(MAC_KEY_AT_BYTES))
      .update(slot.subarray(IV_AT_BYTES, MAC_AT_BYTES))
      .update(slot.subarray(CIPHERTEXT_AT_BYTES))
      .digest();
    return timingSafeEqual(mac, slot.subarray(MAC_AT_BYTES, CIPHERTEXT_AT_BYTES)) ? 'live' : 'dead';
  } finally {
    session.fill(0);
  }
}

function isKnown(slot: Buffer): boolean {
  const ciphertextBytes = slot.length - CIPHERTEXT_AT_BYTES;
  return slot[0] === AES_CBC_HMAC && ciphertextBytes > 0 && ciphertextBytes % BLOCK_BYTES === 0;
}
