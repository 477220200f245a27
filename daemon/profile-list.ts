/** Which profiles there are: adds one to the settings, and takes one out with all that we keep of it. */
import { existsSync } from 'node:fs';
import { failure } from '../shared/errors.ts';
import { DEFAULT_PROFILE } from '../shared/profile-name.ts';
import type { Caller } from './caller.ts';
import { passphraseFrom, passphraseFromNobody } from './challenges.ts';
import type { Keychain, KeychainKind } from './keychain/port.ts';
import type { LeftOpen } from './left-open.ts';
import { clearOwnFolder } from './own-folder.ts';
import type { Profiles } from './profiles.ts';
import type { ChangeSettings } from './settings/change.ts';
import { editSettings } from './settings/edit.ts';
import { profileIn, type Settings } from './settings/settings.ts';
import type { Claims } from './vault/claim.ts';

export interface ProfileListParts {
  readonly settings: () => Settings;
  readonly change: ChangeSettings;
  readonly profiles: Profiles;
  readonly keychains: Readonly<Record<KeychainKind, Keychain>>;
  readonly claims: Claims;
  readonly leftOpen: Pick<LeftOpen, 'lock' | 'why'>;
}

export interface ProfileList {
  /**
   * `set` has the keys of the settings file. Throws profile-exists, profile-folder-shared, usage where
   * a value is refused, settings-not-editable, and what ChangeSettings throws. `stored`: the keychain
   * has an API key from an earlier profile of this name.
   */
  add(
    name: string,
    set: Readonly<Record<string, string>>,
  ): Promise<{ dataDir: string; stored: boolean }>;
  /**
   * Locks, deletes the API key from both keychains and the data folder where it is one of ours, and
   * then forgets the profile. `kept` is a folder that stays. Throws profile-unknown, lock-failed,
   * profile-in-use, keychain errors, and what ChangeSettings throws, with the profile still there.
   */
  remove(name: string, caller: Caller): Promise<{ kept?: string }>;
}

export function createProfileList(parts: ProfileListParts): ProfileList {
  const { settings, change, profiles, keychains, claims, leftOpen } = parts;

  function refuseShared(after: Settings, name: string): void {
    const others = [...after.profiles].filter(([one]) => one !== name);
    const dataDir = profiles.folderOf(name, profileIn(after, name));
    const other = profiles.at(dataDir, others);
    if (other) throw failure('profile-folder-shared', { profile: name, other, dataDir });
  }

  /** "Not there" counts where nothing was stored as far as we know: a machine may have no keychain. */
  async function deleteSecret(name: string, chosen: KeychainKind, caller: Caller): Promise<void> {
    for (const keychain of Object.values(keychains)) {
      const { stored } = await keychain.status(name);
      if (!stored && keychain.kind !== chosen) continue;
      await keychain
        .delete(name, stored ? passphraseFrom(caller) : passphraseFromNobody)
        .catch((thrown) => {
          if (stored) throw thrown;
        });
    }
  }

  return {
    async add(name, set) {
      if (settings().profiles.has(name)) throw failure('profile-exists', { profile: name });
      const table = ['profiles', name];
      await change(
        (text) =>
          Object.entries(set).reduce(
            (made, [key, value]) => editSettings(made, [...table, key], value),
            editSettings(text, table, {}),
          ),
        (after) => refuseShared(after, name),
      );
      const found = profileIn(settings(), name);
      // The profile is there already, whatever the keychain says.
      const keychain = keychains[found.keychain];
      const { stored } = await keychain.status(name).catch(() => ({ stored: false }));
      return { dataDir: profiles.folderOf(name, found), stored };
    },

    async remove(name, caller) {
      const set = profileIn(settings(), name);
      const folder = profiles.folderOf(name, set);
      if (name === DEFAULT_PROFILE)
        throw failure('usage', {
          problem:
            'The profile default is always there; `helper logout` and `helper secret delete` empty it.',
        });
      let ours = false;
      await change(
        (text) => editSettings(text, ['profiles', name], undefined),
        async (after) => {
          // What the settings name is the person's own, and another profile may have this one.
          ours = set.dataDir === undefined && profiles.at(folder, after.profiles) === undefined;
          if (ours && existsSync(folder)) claims.claim(name, folder);
          await profiles.served.find((one) => one.name === name)?.sessions.lock();
          await leftOpen.lock(name);
          const why = leftOpen.why(name);
          if (why) throw why;
          await deleteSecret(name, set.keychain, caller);
        },
      );
      await profiles.retire(name);
      claims.release(name);
      return ours && clearOwnFolder(folder) ? {} : { kept: folder };
    },
  };
}
