/** Which profile is served: the one that the settings name now. */
import type { Profile } from './profile.ts';
import type { Settings } from './settings/settings.ts';

export interface Profiles {
  /** Throws settings-invalid. */
  current(): Promise<Profile>;
  /** The one last in use; undefined before the first use. */
  last(): Profile | undefined;
}

/** The settings are asked at each use; another `data_dir` ends the old session and `build`s anew. */
export function createProfiles(
  settings: () => Settings,
  bwDefault: string,
  build: (dataDir: string) => Profile,
): Profiles {
  let profile: Profile | undefined;
  return {
    async current() {
      const folder = settings().profile.dataDir ?? bwDefault;
      const before = profile;
      if (before?.dataDir === folder) return before;
      const now = build(folder);
      profile = now;
      await before?.sessions.stop();
      return now;
    },
    last: () => profile,
  };
}
