import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Profile } from '../../../daemon/profile.ts';
import { createProfiles, type Profiles } from '../../../daemon/profiles.ts';
import type { ProfileSettings, Settings } from '../../../daemon/settings/settings.ts';

let folder: string;
let now: Settings;
let profiles: Profiles;
/** What was built, and what was stopped, in order. */
let events: string[];
/** Lets go of a profile that is being stopped. */
let finish: Map<string, () => void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bwh-profiles-'));
  events = [];
  finish = new Map();
  set({ default: undefined, work: undefined });
  profiles = createProfiles({
    settings: () => now,
    ownFolder: (name) => join(folder, name),
    build(name, dataDir) {
      events.push(`built ${name}`);
      const stop = () => {
        events.push(`stops ${name}`);
        return new Promise<void>((done) => finish.set(name, done));
      };
      return { name, dataDir, stop } as unknown as Profile;
    },
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The settings from now on: the folder of each profile, below the temporary one. */
function set(folders: Record<string, string | undefined>): void {
  now = {
    profiles: new Map(
      Object.entries(folders).map(([name, to]): [string, ProfileSettings] => [
        name,
        {
          keychain: 'file',
          apiKeyAtRest: 'keychain',
          answer: true,
          idleMs: 1,
          maxMs: 1,
          ...(to && { dataDir: join(folder, to) }),
        },
      ]),
    ),
  };
}

test('each is built once, in a folder of its own', async () => {
  const [one, two] = [await profiles.get('default'), await profiles.get('work')];
  expect([one.dataDir, two.dataDir]).toEqual([join(folder, 'default'), join(folder, 'work')]);
  expect(await profiles.get('work')).toBe(two);
  expect(events).toEqual(['built default', 'built work']);
});

test('one that moved or left the settings is stopped at the next request for any of them', async () => {
  await profiles.get('work');
  set({ default: undefined, work: 'elsewhere' });
  await profiles.get('default');
  expect(events).toEqual(['built work', 'stops work', 'built default']);
  await expect(profiles.get('nobody')).rejects.toThrow(
    'There is no profile nobody; there are: default, work.',
  );
});

test('a folder changes hands only when whoever had it has let go', async () => {
  await profiles.get('work');
  set({ default: undefined, other: 'work' });
  let other: Profile | undefined;
  const asked = profiles.get('other').then((got) => {
    other = got;
  });
  await profiles.get('default');
  expect(other).toBeUndefined();
  // What is still being let go of is not forgotten, as it may have to be locked.
  expect(profiles.served.map(({ name }) => name)).toEqual(['default', 'work']);
  finish.get('work')?.();
  await asked;
  expect(other).toMatchObject({ name: 'other', dataDir: join(folder, 'work') });
  expect(profiles.served.map(({ name }) => name)).toEqual(['default', 'other']);
});

test('of two with one folder the later one in the file is refused, by whatever path', async () => {
  mkdirSync(join(folder, 'default'));
  symlinkSync(join(folder, 'default'), join(folder, 'link'));
  for (const path of ['default', 'link', 'link/../default', 'link/.']) {
    set({ default: undefined, work: path });
    await expect(profiles.get('work')).rejects.toThrow(
      'The profiles work and default have the same data folder',
    );
    expect((await profiles.get('default')).name).toBe('default');
  }
  // A folder below a linked one, that is not there yet.
  set({ default: 'link/below', work: 'default/below' });
  await expect(profiles.get('work')).rejects.toThrow('the same data folder');
});
