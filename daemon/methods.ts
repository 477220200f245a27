/** The table: method → one line into the domain. Traits are looked at once, here, before dispatch. */
import type { Handlers } from '../shared/channel.ts';
import { failure } from '../shared/errors.ts';
import { type ToDaemon, toDaemon } from '../shared/protocol.ts';
import { Secret } from '../shared/secret.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import type { Caller, Connection } from './caller.ts';
import { passphraseFrom } from './challenges.ts';
import type { Clock } from './clock.ts';
import type { ChosenKeychain } from './keychain/chosen.ts';
import type { Profile } from './profile.ts';
import type { Profiles } from './profiles.ts';

export interface MethodParts {
  readonly profiles: Profiles;
  readonly keychain: ChosenKeychain;
  readonly settingsFile: string;
  readonly clock: Clock;
  readonly info: { readonly pid: number; readonly startedMs: number };
  /** Ends the daemon; resolves when everything is locked and wiped. */
  readonly stop: (why: string) => Promise<void>;
}

/** The handlers for one connection. */
export function createMethods(parts: MethodParts, connection: Connection): Handlers<ToDaemon> {
  const { profiles, keychain, clock, info } = parts;
  const { caller } = connection;
  const { pid } = info;
  const uptimeMs = () => Math.round(clock.monotonicMs() - info.startedMs);
  const profile = async () => rightProfile(await profiles.current(), caller);

  const table: Handlers<ToDaemon> = {
    hello(params) {
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
    'session.lock': async () => {
      // With settings that cannot be read the last profile is all there is, and it is enough.
      const last = await profiles.current().catch(() => profiles.last());
      const locked = (await last?.sessions.lock()) ? 'locked' : 'none';
      return { locked, otherSession: (await last?.otherSession()) ?? false };
    },
    'session.status': async () => ({
      ...(await (await profile()).status()),
      daemon: { pid, uptimeMs: uptimeMs() },
    }),
    'account.login': async () => await (await profile()).login(caller),
    'account.loginByPassword': async (wanted) =>
      await (await profile()).loginByPassword(caller, wanted),
    'account.logout': async () => await (await profile()).logout(),
    'vault.sync': async () => await (await profile()).sync(caller),
    'secret.set': async ({ clientId, clientSecret }) => {
      const secret = { clientId, clientSecret: new Secret(clientSecret) };
      const { name } = await profile();
      await keychain.set(name, secret, passphraseFrom(caller));
      return { where: (await keychain.status(name)).where };
    },
    'secret.status': async () => ({
      kind: keychain.kind,
      ...(await keychain.status((await profile()).name)),
    }),
    'secret.move': async ({ to }) => {
      const { name } = await profile();
      const where = await keychain.move(name, to, passphraseFrom(caller));
      return { where, inUse: keychain.kind === to, settings: parts.settingsFile };
    },
    'secret.delete': async () => {
      const { name } = await profile();
      return { deleted: await keychain.delete(name, passphraseFrom(caller)) };
    },
    'daemon.info': () => ({
      pid,
      uptimeMs: uptimeMs(),
      live: profiles.last()?.sessions.left() !== undefined,
    }),
    'daemon.stop': async () => {
      await parts.stop('asked');
      return { pid };
    },
    'prompt.activity': () => {
      connection.activity();
      return undefined;
    },
  };
  return withTraits(table, profiles, connection);
}

function withTraits(
  table: Handlers<ToDaemon>,
  profiles: Profiles,
  connection: Connection,
): Handlers<ToDaemon> {
  const wrapped = Object.entries(table).map(([method, handler]) => {
    const { traits } = toDaemon[method as keyof ToDaemon];
    const guarded = async (params: never): Promise<unknown> => {
      if (method !== 'hello' && !connection.greeted)
        throw failure('bad-request', { problem: 'no hello before the first request' });
      if (!traits.withoutSettings) await profiles.current();
      const result = await handler(params);
      if (traits.extendsIdle) profiles.last()?.sessions.touch();
      return result;
    };
    return [method, guarded];
  });
  return Object.fromEntries(wrapped);
}

/** Never another vault's key: a terminal that points bw elsewhere is told so. */
function rightProfile(profile: Profile, caller: Caller): Profile {
  const wanted = caller.dataDir;
  if (wanted !== undefined && wanted.replace(/\/+$/, '') !== profile.dataDir)
    throw failure('profile-mismatch', { wanted, served: profile.dataDir });
  return profile;
}
