import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Keychain, KeychainKind } from '../../../daemon/keychain/port.ts';
import type { Profile } from '../../../daemon/profile.ts';
import { createProfileList, type ProfileList } from '../../../daemon/profile-list.ts';
import { createProfiles, type Profiles } from '../../../daemon/profiles.ts';
import { createChange } from '../../../daemon/settings/change.ts';
import { openSettings } from '../../../daemon/settings/settings.ts';
import { failure } from '../../../shared/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { standIn } from '../../support/stand-in-caller.ts';

const TEXT = '# mine\n[profiles.work]\nkeychain = "file"\n';

let folder: string;
let file: string;
let list: ProfileList;
let profiles: Profiles;
/** Which accounts each keychain holds; `broken` ones fail at every call but status. */
let held: Record<KeychainKind, Set<string>>;
let broken: Set<KeychainKind>;
let damaged: Set<KeychainKind>;
let lockFails: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-list-'));
  file = join(folder, 'config.toml');
  writeFileSync(file, TEXT, { mode: 0o600 });
  held = { os: new Set(), file: new Set(['default']) };
  broken = new Set();
  damaged = new Set();
  lockFails = false;
  const options = { file, home: folder, uid: process.getuid?.() ?? -1 };
  const { read: settings } = openSettings(options);
  const lock = async () => {
    if (lockFails) throw failure('lock-failed', { problem: 'the disk is full' });
    return true;
  };
  profiles = createProfiles({
    settings,
    ownFolder: (name) => join(folder, 'profiles', name),
    build: (name, dataDir) =>
      ({ name, dataDir, sessions: { lock }, stop: async () => {} }) as unknown as Profile,
  });
  list = createProfileList({
    settings,
    profiles,
    change: createChange({ ...options, clock: manualClock(), platform: process.platform }),
    keychains: { os: keychain('os'), file: keychain('file') },
    leftOpen: { lock: async () => false, why: () => undefined },
    claims: { claim: () => {}, release: () => {} },
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

function keychain(kind: KeychainKind): Keychain {
  return {
    kind,
    async status(account: string) {
      if (damaged.has(kind))
        throw failure('keychain-damaged', { file: 'keychain.json', problem: 'it is empty' });
      return { stored: held[kind].has(account), locked: false, where: kind };
    },
    async delete(account: string) {
      if (broken.has(kind)) throw failure('keychain-no-service');
      return held[kind].delete(account);
    },
  } as unknown as Keychain;
}

const remove = (name: string) => list.remove(name, standIn('pts/1'));
const text = () => readFileSync(file, 'utf8');

test('remove takes the API key out of both keychains, and no other', async () => {
  held.os.add('work').add('home');
  held.file.add('work');
  await remove('work');
  expect([...held.os, ...held.file]).toEqual(['home', 'default']);
  expect(text()).toBe('# mine\n');
});

test('a keychain that is not there is no hindrance where nothing was stored', async () => {
  broken.add('os').add('file');
  await remove('work');
  expect(text()).toBe('# mine\n');
});

test.each(['os', 'file'] as const)(
  'a key in the %s keychain that cannot be deleted keeps the profile',
  async (kind) => {
    held[kind].add('work');
    broken.add(kind);
    await expect(remove('work')).rejects.toThrow('No program offers a system keychain');
    expect(text()).toBe(TEXT);
  },
);

test('add says that it is done where it is, whatever the keychain says', async () => {
  damaged.add('os').add('file');
  expect(await list.add('home', { keychain: 'file' })).toMatchObject({ stored: false });
  expect(text()).toContain('[profiles.home]');
});

test('a vault that cannot be locked keeps the profile and its key', async () => {
  held.file.add('work');
  await profiles.get('work');
  lockFails = true;
  await expect(remove('work')).rejects.toThrow('the disk is full');
  expect(text()).toBe(TEXT);
  expect(held.file).toContain('work');
});

test('a profile that no command can take out of the file keeps its key', async () => {
  held.file.add('work');
  const inline = 'profiles = { work = { keychain = "file" } }\n';
  writeFileSync(file, inline);
  await expect(remove('work')).rejects.toThrow('cannot be changed by a command');
  expect(text()).toBe(inline);
  expect(held.file).toContain('work');
});

test('add tells where a key of an earlier profile of that name is stored', async () => {
  held.file.add('old');
  const added = await list.add('old', { keychain: 'file' });
  expect(added).toEqual({ dataDir: join(folder, 'profiles', 'old'), stored: true });
  expect(text()).toBe(`${TEXT}\n[profiles.old]\nkeychain = "file"\n`);
});
