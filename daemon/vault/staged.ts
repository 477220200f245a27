/**
 * bw on a private copy. `login --apikey`, `sync` and `unlock` of an API-key login need client_secret in
 * data.json (2026.9.0), so they run in a folder of their own below the runtime folder, which is memory,
 * and what they made is installed without it. The real folder never holds the secret, unless the person
 * wants bw to keep it there.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import { codeOf, inWords } from '../system/file-calls.ts';
import type { DataFile } from './data-file.ts';
import { describe, slotKey, withClientSecret, withSlotOf } from './layout.ts';
import type { Json } from './layouts.ts';
import { merge } from './merge.ts';
import { settleNoise } from './noise.ts';
import { requireKnown, requireWithout } from './scrub.ts';

export interface Staging<T> {
  /** A private folder on tmpfs: the runtime folder. */
  readonly scratch: string;
  /** Put into the copy of an API-key login, and looked for in all that would be installed. */
  readonly clientSecret: Secret | undefined;
  /** `bw`: it stays in what is installed, as bw itself leaves it. */
  readonly atRest: 'keychain' | 'bw';
  /**
   * `new`: the run is a login or an unlock, and its session replaces any other, as bw's own does.
   * `kept`: the session stays as it stands in the real file. Every bw that is given a key wraps it
   * anew (2023.12.1 to 2026.9.0), so a slot that differs says nothing by itself.
   */
  readonly session: 'new' | 'kept';
  /** Asked after a run that failed: whether a bw may still be at work there, which is not ours to end. */
  readonly abandoned?: () => boolean;
  /** Runs bw with `folder` as its data folder; throws where the result must not be installed. */
  readonly run: (folder: string) => Promise<T>;
}

const PREFIX = 'staged-';
// Whoever changes the same keys each time is another program in a loop, not a person.
const ATTEMPTS = 3;
const BARS = 3;

/**
 * Runs bw on a copy of `dataFile` and installs the result; gives what `run` gave. Changes that others
 * made meanwhile are kept; where they changed what the run changed too, everything starts over, `run`
 * included. Whatever is thrown, the file is untouched. Throws data-file-unknown, data-file-busy, what
 * `update` throws, and what `run` throws.
 */
export async function staged<T>(dataFile: DataFile, staging: Staging<T>): Promise<T> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    const base = (await dataFile.read()) ?? {};
    requireKnown(base, dataFile.file);
    const copy = dataFile.elsewhere(makeFolder(staging.scratch));
    try {
      writeCopy(copy.file, forRun(base, staging.clientSecret), staging.scratch);
      const answer = await staging.run(copy.folder);
      const result = await resultOf(copy, dataFile.file);
      if (await install(dataFile, { base, result }, staging)) return answer;
    } finally {
      remove(copy);
      if (staging.abandoned?.()) bar(copy.folder);
    }
  }
  throw failure('data-file-busy', { file: dataFile.file });
}

/**
 * Removes what a killed daemon left; call it before the first `staged`. A bw of that daemon may only be
 * starting, and would make its folder anew and write the secret there (seen with 2026.9.0): an empty
 * file in its place bars the way, and goes at the start after this one.
 */
export function clearStaged(scratch: string): void {
  for (const entry of readdirSync(scratch, { withFileTypes: true })) {
    if (!entry.name.startsWith(PREFIX)) continue;
    const path = join(scratch, entry.name);
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    if (entry.isDirectory()) bar(path);
  }
}

/**
 * Where there is no descriptor the folder cannot be read, but its file can be removed; the rest, in which no
 * secret is, stays until the next start. Node's error has no code then by which to tell (24.21).
 */
function remove({ file, folder }: DataFile): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    rmSync(file, { force: true });
  }
}

// bw would make the folder anew, and may have been quicker.
function bar(path: string): void {
  for (let tries = 0; tries < BARS; tries += 1)
    try {
      writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
      return;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown;
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    }
}

function makeFolder(scratch: string): string {
  try {
    return mkdtempSync(join(scratch, PREFIX));
  } catch (thrown) {
    throw failure('data-file-unwritable', { file: scratch, problem: inWords(codeOf(thrown)) });
  }
}

/** Throws data-file-unwritable, which names the folder that lasts: the copy's own is gone when it is read. */
function writeCopy(file: string, json: Json, scratch: string): void {
  try {
    writeFileSync(file, JSON.stringify(json), { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    throw failure('data-file-unwritable', { file: scratch, problem: inWords(codeOf(thrown)) });
  }
}

function forRun(base: Json, clientSecret: Secret | undefined): Json {
  return clientSecret && describe(base)?.apiKey ? withClientSecret(base, clientSecret) : base;
}

async function resultOf(copy: DataFile, file: string): Promise<Json> {
  const ours = await copy.read();
  // bw empties a file that it can't read, and would have us log the person out.
  if (ours?.stateVersion === undefined)
    throw failure('data-file-unreadable', { file: copy.file, problem: 'bw left nothing there' });
  // bw may have brought the file to its own version, which must be one of ours.
  requireKnown(ours, file);
  return ours;
}

/** False if others have changed the same keys; nothing is written then. */
async function install<T>(
  dataFile: DataFile,
  { base, result }: { base: Json; result: Json },
  { clientSecret, session, atRest }: Staging<T>,
): Promise<boolean> {
  const ours = session === 'kept' ? withSlotOf(result, base) : result;
  const newSlot = slotKey(ours);
  let agreed = true;
  await dataFile.update((theirs) => {
    const outcome = merge(base, ours, theirs, (key, our, their) =>
      key === newSlot ? our : settleNoise(key, our, their),
    );
    agreed = 'merged' in outcome;
    if (!('merged' in outcome)) return undefined;
    if (atRest === 'bw') return outcome.merged;
    const clean = withClientSecret(outcome.merged, null);
    requireWithout(clean, clientSecret, dataFile.file);
    return clean;
  });
  return agreed;
}
