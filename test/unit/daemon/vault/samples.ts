/** Small files and keys as bw makes them, and a clock that never lets a test wait. */
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../../daemon/system/clock.ts';
import { Secret } from '../../../../shared/secret.ts';

export const USER = '0b2c8a52-6f3e-4c1d-9a57-3f0d5c2e7b11';
export const SLOT_KEY = `__PROTECTED__${USER}_user_auto`;
export const SECRET_KEY = `user_${USER}_token_apiKeyClientSecret`;

/** A clock on which every wait is over at once, in order; `waited` adds the waits up, in ms. */
export function hastyClock(): Clock & { waited: () => number } {
  let waited = 0;
  return {
    monotonicMs: () => waited,
    bootMs: () => waited,
    wallMs: () => waited,
    waited: () => waited,
    after(ms, then) {
      waited += ms;
      const soon = setImmediate(then);
      return () => clearImmediate(soon);
    },
  };
}

/** A folder that is gone after the test; with `json`, it holds that data.json. */
export function folderWith(json?: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'bw-helper-vault-'));
  onTestFinished(() => {
    // A test that made it read-only may have failed before it made it writable again.
    if (existsSync(folder)) chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });
  if (json !== undefined)
    writeFileSync(join(folder, 'data.json'), JSON.stringify(json), { mode: 0o600 });
  return folder;
}

/** A session key, and the slot that bw would write for it. */
export function session(): { key: Secret; slot: string } {
  const bytes = randomBytes(64);
  const iv = randomBytes(16);
  const ciphertext = randomBytes(80);
  const mac = createHmac('sha256', bytes.subarray(32)).update(iv).update(ciphertext).digest();
  return {
    key: new Secret(bytes.toString('base64')),
    slot: Buffer.concat([Buffer.from([2]), iv, mac, ciphertext]).toString('base64'),
  };
}

/** A data.json that a real bw left, with the long values cut: `2026.9.0`, `2026.9.0-logged-out` … */
export function leftBy(version: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`bw-${version}.json`, import.meta.url), 'utf8'));
}

/** What we leave of a login by API key with 2026.9.0, and `more` on top. */
export function loggedIn(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...leftBy('2026.9.0'), [SECRET_KEY]: null, ...more };
}
