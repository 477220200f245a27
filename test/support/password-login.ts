import { startServer } from './server/server.ts';
import type { SignedIn } from './signed-in.ts';
import { createWorld, type WorldOptions } from './world.ts';

/**
 * A world whose bw was logged in by a person with the master password, and locked: no API key, so no
 * passphrase is ever asked, and no daemon runs yet.
 */
export async function loggedInByPassword({
  settings,
}: Pick<WorldOptions, 'settings'> = {}): Promise<SignedIn> {
  const place = createWorld();
  const server = await startServer({ folder: place.folder });
  const world = createWorld({ server, ...(settings && { settings }) });
  const close = async () => {
    await world.close();
    await server.close();
    await place.close();
  };
  const { email, password } = server.account;
  for (const args of [
    ['config', 'server', server.url],
    ['login', email, '--passwordenv', 'PW', '--nointeraction'],
    ['lock'],
  ]) {
    const ran = await world.bw(args, { env: { PW: password } });
    if (ran.code === 0) continue;
    await close();
    throw new Error(`bw ${args[0]} failed: ${ran.stderr}`);
  }
  return { server, world, close };
}
