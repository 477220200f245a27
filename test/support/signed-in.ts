import { startServer, type TestServer } from './server/server.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export const PASSPHRASE = 'a passphrase of the tests';

export interface SignedIn {
  readonly server: TestServer;
  readonly world: World;
  /** Ends what was started, the server too. */
  close(): Promise<void>;
}

/**
 * A world whose API key is stored and whose bw is logged in; the vault is locked. The daemon runs and
 * knows the passphrase of its keychain file.
 */
export async function signedIn({
  settings,
  bw,
}: Pick<WorldOptions, 'settings' | 'bw'> = {}): Promise<SignedIn> {
  const place = createWorld();
  const server = await startServer({ folder: place.folder });
  const world = createWorld({ server, ...(settings && { settings }), ...(bw && { bw }) });
  const close = async () => {
    await world.close();
    await server.close();
    await place.close();
  };
  await storeApiKey(world, server);
  const login = await world.helper(['login']);
  if (login.code === 0) return { server, world, close };
  await close();
  throw new Error(`helper login failed: ${login.stderr}`);
}

/** `helper secret set` with the server's API key; the passphrase comes from an askpass program. */
export async function storeApiKey(
  world: World,
  server: { readonly account: Pick<TestServer['account'], 'clientId' | 'clientSecret'> },
): Promise<void> {
  const askpass = world.program('passphrase', `#!/bin/sh\necho '${PASSPHRASE}'\n`);
  const { clientId, clientSecret } = server.account;
  const set = await world.helper(['secret', 'set'], {
    input: `${clientId}\n${clientSecret}\n`,
    env: { BW_HELPER_ASKPASS: askpass },
  });
  if (set.code !== 0) throw new Error(`helper secret set failed: ${set.stderr}`);
}

/** `helper get-session` with the master password from stdin; the key. */
export async function unlockFromStdin(
  { world, server }: Pick<SignedIn, 'world' | 'server'>,
  args: readonly string[] = [],
): Promise<string> {
  const got = await world.helper(['get-session', '--password-stdin', ...args], {
    input: `${server.account.password}\n`,
  });
  if (got.code !== 0) throw new Error(`helper get-session failed: ${got.stderr}`);
  return got.stdout.trim();
}
