/** The table: method → one line into the domain. Traits are looked at once, here, before dispatch. */
import type { Handlers } from '../shared/channel.ts';
import { Failure, failure, toFailure } from '../shared/errors.ts';
import { type ToDaemon, toDaemon } from '../shared/protocol.ts';
import { Secret } from '../shared/secret.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import type { Admission } from './admission.ts';
import type { Audit } from './audit.ts';
import { audited } from './audited.ts';
import type { Caller, Connection } from './caller.ts';
import { passphraseFrom } from './challenges.ts';
import type { LeftOpen, StillOpen } from './left-open.ts';
import type { Profile } from './profile.ts';
import type { ProfileList } from './profile-list.ts';
import type { Profiles } from './profiles.ts';
import type { Config } from './settings/config.ts';
import type { Settings } from './settings/settings.ts';
import type { Clock } from './system/clock.ts';
import type { Hardening } from './system/hardening.ts';
import { realFolder } from './system/real-folder.ts';

/** What a daemon tells of itself. */
export interface Info {
  readonly pid: number;
  readonly startedMs: number;
  /** What is in force at this moment. */
  readonly hardening: () => Hardening;
}

export interface MethodParts {
  readonly profiles: Profiles;
  readonly profileList: ProfileList;
  /** Throws settings-invalid. */
  readonly settings: () => Settings;
  readonly settingsFile: string;
  readonly admission: Admission;
  readonly config: Config;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly info: Info;
  readonly leftOpen: LeftOpen;
  /** Ends the daemon; resolves when everything is wiped and locked, with what could not be locked. */
  readonly stop: (why: string) => Promise<readonly StillOpen[]>;
}

/** The handlers for one connection. */
export function createMethods(parts: MethodParts, connection: Connection): Handlers<ToDaemon> {
  const { profiles, config, settingsFile, clock, info, leftOpen } = parts;
  const { caller } = connection;
  const { pid } = info;
  const uptimeMs = () => Math.round(clock.monotonicMs() - info.startedMs);
  const profile = async () => rightProfile(await profiles.get(caller.profile), caller, parts);

  const table: Handlers<ToDaemon> = {
    hello(params) {
      // It would change who asks, and for which profile, under a request that is open.
      if (connection.greeted) throw failure('bad-request', { problem: 'a second hello' });
      connection.greet(params);
      return { version: PROTOCOL_VERSION, pid };
    },
    'session.get': async (wanted) => ({
      key: (await (await profile()).sessions.get(caller, wanted)).reveal(),
    }),
    'session.unlock': async (wanted) => {
      const { sessions } = await profile();
      await sessions.get(caller, wanted);
      return sessions.left() ?? { idleLeftMs: 0, maxLeftMs: 0 };
    },
    'session.exec': async (wanted) => {
      const { sessions, dataDir } = await profile();
      const key = (await sessions.get(caller, wanted)).reveal();
      sessions.hold(caller.pid);
      return { key, dataDir };
    },
    'session.lock': async () => {
      const served = await profiles.get(caller.profile).catch((thrown) => {
        // With settings that cannot be read, what is served is all there is, and it is enough.
        const found = profiles.served.find(({ name }) => name === caller.profile);
        if (found || (thrown instanceof Failure && thrown.is('settings-invalid'))) return found;
        // It has left the settings with its vault open.
        if (leftOpen.why(caller.profile)) return undefined;
        throw thrown;
      });
      const left = { of: leftOpen, dataDir: served?.dataDir };
      return await lockOne(caller.profile, served, left);
    },
    'session.lockAll': async () => {
      const served = new Map(profiles.served.map((one) => [one.name, one]));
      const names = new Set([...served.keys(), ...leftOpen.all().map(({ profile }) => profile)]);
      const all = [...names].map(async (name) => ({
        name,
        ...(await lockOne(name, served.get(name), { of: leftOpen }).catch((thrown) => ({
          locked: 'locked' as const,
          otherSession: false,
          problem: toFailure(thrown).message,
        }))),
      }));
      return { profiles: await Promise.all(all) };
    },
    'session.status': async () => ({
      ...(await (await profile()).status()),
      daemon: { pid, uptimeMs: uptimeMs(), hardening: info.hardening() },
    }),
    'account.login': async () => await (await profile()).login(caller),
    'account.loginByPassword': async (wanted) =>
      await (await profile()).loginByPassword(caller, wanted),
    'account.logout': async () => await (await profile()).logout(),
    'vault.sync': async () => await (await profile()).sync(caller),
    'secret.set': async ({ clientId, clientSecret }) => {
      const secret = { clientId, clientSecret: new Secret(clientSecret) };
      try {
        const { name, keychain, secretChanged } = await profile();
        await keychain.set(name, secret, passphraseFrom(caller));
        secretChanged();
        return { where: (await keychain.status(name)).where };
      } finally {
        secret.clientSecret.wipe();
      }
    },
    'secret.status': async () => {
      const { name, keychain } = await profile();
      return { kind: keychain.kind, ...(await keychain.status(name)) };
    },
    'secret.move': async ({ to }) => {
      const { name, keychain } = await profile();
      const where = await keychain.move(name, to, passphraseFrom(caller));
      return { where, inUse: keychain.kind === to };
    },
    'secret.delete': async () => {
      const { name, keychain } = await profile();
      return { deleted: await keychain.delete(name, passphraseFrom(caller)) };
    },
    'secret.answer': async ({ what }) => ({ value: await (await profile()).answer(caller, what) }),
    'secret.scrub': async ({ force }) => await (await profile()).scrub(caller, force),
    'profile.list': () => ({
      profiles: profiles
        .list()
        .map(({ set: { dataDir: _, ...set }, ...one }) => ({ ...one, ...set })),
    }),
    'profile.add': async ({ name, set }) => ({
      ...(await parts.profileList.add(name, set)),
      settings: parts.settingsFile,
    }),
    'profile.remove': async ({ name }) => ({
      ...(await parts.profileList.remove(name, caller)),
      settings: parts.settingsFile,
    }),
    'config.get': ({ key }) => config.get(key, caller.profile),
    'config.list': () => ({ file: settingsFile, settings: config.list() }),
    'config.set': async ({ key, value }) => ({
      key: await config.set(key, value, caller.profile),
      file: settingsFile,
    }),
    'config.unset': async ({ key }) => ({
      ...(await config.unset(key, caller.profile)),
      file: settingsFile,
    }),
    'config.path': () => ({ file: settingsFile }),
    'config.check': () => {
      config.check();
      return { file: settingsFile };
    },
    'daemon.info': () => ({
      pid,
      uptimeMs: uptimeMs(),
      live: profiles.served.some(({ sessions }) => sessions.left() !== undefined),
      stillOpen: leftOpen.all(),
      hardening: info.hardening(),
    }),
    'daemon.stop': async () => {
      return { pid, stillOpen: [...(await parts.stop('asked'))] };
    },
    'prompt.activity': () => {
      connection.activity();
      return undefined;
    },
  };
  return audited(withTraits(table, parts, connection), { audit: parts.audit, caller });
}

/** Throws lock-failed and profile-in-use where the vault, in `dataDir` if that is given, may still be open. */
async function lockOne(
  name: string,
  served: Profile | undefined,
  { of: leftOpen, dataDir }: { of: LeftOpen; dataDir?: string | undefined },
) {
  const ours = (await served?.sessions.lock()) ?? false;
  const left = await leftOpen.lock(name);
  const why = leftOpen.why(name, dataDir);
  if (why) throw why;
  const other = await served?.otherSession().catch((thrown) => {
    // Whoever asked for a lock must go there.
    if (thrown instanceof Failure && thrown.is('profile-in-use')) throw thrown;
    // A file that cannot be read says nothing against the lock.
    return false;
  });
  const locked = ours || left ? ('locked' as const) : ('none' as const);
  return { locked, otherSession: other ?? false };
}

function withTraits(
  table: Handlers<ToDaemon>,
  { profiles, settings, admission }: MethodParts,
  connection: Connection,
): Handlers<ToDaemon> {
  const { caller } = connection;
  const touch = () => profiles.served.find(({ name }) => name === caller.profile)?.sessions.touch();
  const wrapped = Object.entries(table).map(([method, handler]) => {
    const { traits } = toDaemon[method as keyof ToDaemon];
    const work = async (params: never): Promise<unknown> => {
      if (!traits.withoutSettings) settings();
      const result = await handler(params);
      if (traits.extendsIdle) touch();
      return result;
    };
    const guarded = async (params: never): Promise<unknown> => {
      if (method === 'hello') return await work(params);
      if (!connection.greeted)
        throw failure('bad-request', { problem: 'no hello before the first request' });
      // A machine that slept past a limit answers nobody, of whatever profile, while a vault is open.
      await Promise.all(profiles.served.map(({ sessions }) => sessions.expire()));
      const always = traits.withoutSettings ?? false;
      return await admission.serve(connection.version, always, () => work(params));
    };
    return [method, guarded];
  });
  return Object.fromEntries(wrapped);
}

/** Never another vault's key: a terminal that points bw elsewhere is told so. */
function rightProfile(
  profile: Profile,
  caller: Caller,
  { profiles, settings }: MethodParts,
): Profile {
  const { name, dataDir: served } = profile;
  const wanted = caller.dataDir;
  if (wanted === undefined || wanted === served || realFolder(wanted) === realFolder(served))
    return profile;
  const other = profiles.at(wanted, settings().profiles);
  const cure = other
    ? `choose the profile of that folder with \`--profile ${other}\``
    : `set \`data_dir\` of this profile to the same folder in the settings`;
  throw failure('profile-mismatch', { wanted, profile: name, served, cure });
}
