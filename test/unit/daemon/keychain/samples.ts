/** Keychain files in temp folders, and the people who know their passphrases. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type KeychainFileOptions, openKeychainFile } from '../../../../daemon/keychain/file.ts';
import type { AskPassphrase, Keychain, StoredSecret } from '../../../../daemon/keychain/port.ts';
import { failure } from '../../../../shared/errors.ts';
import { Secret } from '../../../../shared/secret.ts';

export const uid = process.getuid?.() ?? -1;

/** Where a keychain may come; its folder is still missing. */
export function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keychain-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'keychain.json');
}

/** One daemon's keychain, with the lowest cost that a file may have. */
export function open(file: string, options: Partial<KeychainFileOptions> = {}): Keychain {
  return openKeychainFile({ file, uid, platform: process.platform, cost: 2 ** 14, ...options });
}

/** A keychain file with an entry `default`; its passphrase is `right`. */
export async function stored(): Promise<string> {
  const file = place();
  await open(file).set('default', secretOf(), person('right').ask);
  return file;
}

export function secretOf(clientSecret = 's3cret-Ω'): StoredSecret {
  return { clientId: 'user.ada', clientSecret: new Secret(clientSecret) };
}

/** The client_secret as text. */
export async function plain(found: Promise<StoredSecret | undefined>): Promise<string | undefined> {
  return (await found)?.clientSecret.reveal();
}

/** Gives these answers, the last one for ever, and remembers what was asked. */
export function person(...answers: string[]) {
  const asked: string[] = [];
  const given: Secret[] = [];
  const ask: AskPassphrase = async ({ purpose, attempt }) => {
    asked.push(`${purpose} ${attempt}`);
    const answer = new Secret((answers.length > 1 ? answers.shift() : answers[0]) ?? '');
    given.push(answer);
    return answer;
  };
  return { ask, asked, given };
}

/** Answers when the test wants it. */
export function slowPerson() {
  const begun = Promise.withResolvers<void>();
  const reply = Promise.withResolvers<Secret>();
  const ask: AskPassphrase = () => {
    begun.resolve();
    return reply.promise;
  };
  return {
    ask,
    begun: begun.promise,
    answer: (text: string) => reply.resolve(new Secret(text)),
    refuse: () => reply.reject(failure('prompt-cancelled')),
  };
}

export const nobody: AskPassphrase = Object.assign(
  () => {
    throw failure('keychain-locked');
  },
  { nobody: true as const },
);
