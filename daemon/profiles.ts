/** The profiles that are served: each as the settings have it now, built at its first use. */
import { failure } from '../shared/errors.ts';
import type { Profile } from './profile.ts';
import { type ProfileSettings, profileIn, type Settings } from './settings/settings.ts';
import { realFolder } from './system/real-folder.ts';

export interface Profiles {
  /** Throws settings-invalid, profile-unknown, profile-folder-shared. */
  get(name: string): Promise<Profile>;
  /** Those in use, whatever the settings say now, and those that are being let go. */
  readonly served: readonly Profile[];
  /** Each profile of the settings, with its folder. */
  list(): { name: string; dataDir: string; set: ProfileSettings; live: boolean }[];
  /** The first among them with this folder, also by another path. */
  at(folder: string, among: Among): string | undefined;
  folderOf(name: string, set: ProfileSettings): string;
  /** Ends its session; resolves when it has let go of its folder, or was not in use. */
  retire(name: string): Promise<void>;
}

type Among = Iterable<[string, ProfileSettings]>;

export interface ProfilesParts {
  readonly settings: () => Settings;
  /** The data folder of a profile that has none in the settings. */
  readonly ownFolder: (name: string) => string;
  readonly build: (name: string, dataDir: string) => Profile;
}

/** The settings are asked at each use; another `data_dir` ends the old session and builds anew. */
export function createProfiles({ settings, ownFolder, build }: ProfilesParts): Profiles {
  const served = new Map<string, Profile>();
  const leaving = new Map<Profile, Promise<void>>();
  /** Those that share their folder with none before them, in these settings. */
  let checked: { settings?: Settings; names: Set<string> } = { names: new Set() };

  const folderOf = (name: string, { dataDir }: ProfileSettings) => dataDir ?? ownFolder(name);

  function at(folder: string, among: Among): string | undefined {
    const wanted = realFolder(folder);
    return [...among].find(([name, set]) => realFolder(folderOf(name, set)) === wanted)?.[0];
  }

  /** The first in the file has the folder, so that a new mistake does not stop what works. */
  function refuseShared(now: Settings, name: string, dataDir: string): void {
    if (checked.settings !== now) checked = { settings: now, names: new Set() };
    if (checked.names.has(name)) return;
    const all = [...now.profiles];
    const before = all.slice(
      0,
      all.findIndex(([one]) => one === name),
    );
    const other = at(dataDir, before);
    if (other) throw failure('profile-folder-shared', { profile: name, other, dataDir });
    checked.names.add(name);
  }

  async function retire(name: string): Promise<void> {
    const profile = served.get(name);
    if (profile) {
      served.delete(name);
      const gone = () => leaving.delete(profile);
      leaving.set(profile, profile.stop().finally(gone));
    }
    await whoLeaves((one) => one.name === name);
  }

  async function whoLeaves(is: (profile: Profile) => boolean): Promise<void> {
    await Promise.all([...leaving].map(([profile, left]) => is(profile) && left));
  }

  /** What left the settings, or has moved, is let go of, also where nobody asks for it any more. */
  function retireOld(now: Settings): void {
    for (const { name, dataDir } of [...served.values()]) {
      const set = now.profiles.get(name);
      if (!set || folderOf(name, set) !== dataDir) retire(name);
    }
  }

  return {
    async get(name) {
      const now = settings();
      retireOld(now);
      const dataDir = folderOf(name, profileIn(now, name));
      refuseShared(now, name, dataDir);
      // A folder or a name changes hands only when whoever had it has let go.
      await whoLeaves((old) => old.name === name || old.dataDir === dataDir);
      const known = served.get(name);
      if (known) return known;
      const profile = build(name, dataDir);
      served.set(name, profile);
      return profile;
    },
    get served() {
      return [...served.values(), ...leaving.keys()];
    },
    list: () =>
      [...settings().profiles].map(([name, set]) => ({
        name,
        dataDir: folderOf(name, set),
        set,
        live: served.get(name)?.sessions.left() !== undefined,
      })),
    at,
    folderOf,
    retire,
  };
}
