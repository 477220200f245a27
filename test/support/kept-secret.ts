import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { formsOf } from './canary.ts';
import { startServer, type TestServer } from './server/server.ts';
import { makeTwoHoursOld } from './server/two-hours-old.ts';
import { PASSPHRASE, storeApiKey } from './signed-in.ts';
import { watch } from './watcher.ts';
import { createWorld, type Ran, type World } from './world.ts';

/** A world with a stored API key, all of whose files are watched for client_secret from the start. */
export interface KeptSecret {
  readonly server: TestServer;
  readonly world: World;
  /** As World.helper, with an askpass program that knows the passphrase of the keychain file. */
  helper(args: readonly string[], input?: string): Promise<Ran>;
  login(): Promise<Ran>;
  sync(): Promise<Ran>;
  /** get-session with the password from stdin. */
  unlock(): Promise<Ran>;
  /** Logs in or out where that is not so yet: each run of bw takes seconds. */
  beLoggedIn(wanted: boolean): Promise<void>;
  /** Locked, and with an access token that ran out an hour ago. */
  age(): Promise<void>;
  rotate(): void;
  /** Names of all items, as the person's own bw lists them. */
  list(key: string): Promise<string[]>;
  /** bw's data.json. */
  data(): string;
  stagedFolders(): string[];
  /** Fails unless client_secret was in staged copies, where it would be found, and nowhere else ever. */
  onlyInStagedCopies(): Promise<void>;
  close(): Promise<void>;
}

export async function keepSecret(): Promise<KeptSecret> {
  const place = createWorld();
  const server = await startServer({ folder: place.folder });
  const world = createWorld({ server });
  const runtime = join(world.runtimeDir, 'bw-helper');
  const watcher = await watch({ folders: [world.home, world.runtimeDir] });
  await storeApiKey(world, server);
  const secrets = [server.account.clientSecret];
  // For the master password it is no answer: that one comes from stdin alone.
  const askpass = world.program(
    'knows-passphrase',
    `#!/bin/sh\ncase "$1" in Passphrase*) echo '${PASSPHRASE}' ;; *) exit 1 ;; esac\n`,
  );

  const kept: KeptSecret = {
    server,
    world,
    helper: (args, input = '') =>
      world.helper(args, { input, env: { BW_HELPER_ASKPASS: askpass } }),
    login: () => kept.helper(['login']),
    sync: () => kept.helper(['sync']),
    unlock: () => kept.helper(['get-session', '--password-stdin'], `${server.account.password}\n`),
    async beLoggedIn(wanted) {
      const { state } = JSON.parse(succeeded(await kept.helper(['status', '--json'])));
      if (wanted && state === 'logged-out') succeeded(await kept.login());
      if (!wanted && state !== 'logged-out') succeeded(await kept.helper(['logout']));
    },
    async age() {
      await kept.helper(['lock']);
      makeTwoHoursOld(world.dataDir, server);
    },
    rotate: () => void secrets.push(server.rotateSecret()),
    async list(key) {
      const env = { BW_SESSION: key };
      const listed = succeeded(await world.bw(['list', 'items', '--nointeraction'], { env }));
      return (JSON.parse(listed) as { name: string }[]).map(({ name }) => name);
    },
    data: () => readFileSync(join(world.dataDir, 'data.json'), 'utf8'),
    stagedFolders: () =>
      readdirSync(runtime, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name),
    async onlyInStagedCopies() {
      const needles = secrets.flatMap((secret) => formsOf('client_secret', secret));
      const files = (await watcher.find(needles)).map(({ what }) => what);
      const staged = files.filter((file) => file.startsWith(join(runtime, 'staged-')));
      expect(staged).not.toEqual([]);
      expect(files.filter((file) => !staged.includes(file))).toEqual([]);
      expect(kept.stagedFolders()).toEqual([]);
    },
    async close() {
      await watcher.stop();
      await world.close();
      await server.close();
      await place.close();
    },
  };
  return kept;
}

/** What it printed, without the newline; fails where it failed. */
export function succeeded(ran: Ran): string {
  expect(ran).toMatchObject({ code: 0 });
  return ran.stdout.trim();
}
