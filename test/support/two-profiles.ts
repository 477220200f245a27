import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, type TestServer } from './server/server.ts';
import { PASSPHRASE } from './signed-in.ts';
import { createWorld, type World } from './world.ts';

/** One of several profiles, with a server of its own. */
export interface Seat {
  readonly name: string;
  readonly server: TestServer;
  readonly dataDir: string;
}

export interface Seats {
  readonly world: World;
  readonly home: Seat;
  readonly work: Seat;
  /** The settings file with both, and `more` under [profiles.work]. */
  settings(more?: string): string;
  close(): Promise<void>;
}

/** `default` and `work` in one settings file, each with its server; nothing is stored, nobody logged in. */
export async function twoProfiles(): Promise<Seats> {
  const place = createWorld();
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => {
      mkdirSync(join(place.folder, name));
      return startServer({ folder: join(place.folder, name) });
    }),
  );
  if (!one || !two) throw new Error('two servers are needed');
  const world = createWorld({ server: one });
  const table = (name: string, { url, caFile }: TestServer) =>
    `[profiles.${name}]\nkeychain = "file"\nserver = "${url}"\nca_file = "${caFile}"\n`;
  const settings = (more = '') =>
    `# mine\n${table('default', one)}\n${table('work', two)}${more}# the end\n`;
  world.settings(settings());
  return {
    world,
    home: { name: 'default', server: one, dataDir: world.dataDir },
    work: {
      name: 'work',
      server: two,
      dataDir: join(world.home, '.local', 'share', 'bw-helper', 'profiles', 'work'),
    },
    settings,
    async close() {
      await world.close();
      await Promise.all([one.close(), two.close()]);
      await place.close();
    },
  };
}

/** Stores the API key of the profile's server and logs bw in there. */
export async function signIn(world: World, { name, server }: Seat): Promise<void> {
  const { clientId, clientSecret } = server.account;
  for (const [command, input] of [
    [['secret', 'set'], `${clientId}\n${clientSecret}\n`],
    [['login'], ''],
  ] as const) {
    const args = ['--profile', name, ...command];
    const ran = await world.helper(args, { input, env: askpass(world) });
    if (ran.code !== 0) throw new Error(`helper ${args.join(' ')} failed: ${ran.stderr}`);
  }
}

/** The key of one profile, with its master password from stdin where it is locked. */
export async function unlock(
  world: World,
  { name, server }: Seat,
  more: readonly string[] = [],
): Promise<string> {
  const args = ['--profile', name, 'get-session', '--password-stdin', ...more];
  const got = await world.helper(args, {
    input: `${server.account.password}\n`,
    env: askpass(world),
  });
  if (got.code !== 0) throw new Error(`helper ${args.join(' ')} failed: ${got.stderr}`);
  return got.stdout.trim();
}

/** For the passphrase of the keychain file. */
function askpass(world: World): Record<string, string> {
  const program = world.program('passphrase', `#!/bin/sh\necho '${PASSPHRASE}'\n`);
  return { BW_HELPER_ASKPASS: program };
}
