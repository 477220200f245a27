/**
 * The runtime folder or the lock in it goes, or becomes another's, under a running daemon: nobody can
 * reach it any more, or another one may be reached in its place.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { loggedInByPassword } from '../support/password-login.ts';
import { isOver } from '../support/processes.ts';
import { type SignedIn, unlockFromStdin } from '../support/signed-in.ts';

// The daemon looks every 30 s: that is what these wait for, all at the same time.
describe.concurrent('with a session open the daemon locks its vault and leaves', () => {
  const opened: SignedIn[] = [];
  afterAll(async () => {
    for (const here of opened) await here.close();
  });

  test.for([
    [
      'where its runtime folder was removed',
      (folder: string) => rmSync(folder, { recursive: true }),
    ],
    [
      'where another folder stands in its place',
      (folder: string) => {
        renameSync(folder, `${folder}-moved`);
        mkdirSync(folder, { mode: 0o700 });
        writeFileSync(join(folder, 'socket'), '');
      },
    ],
    ['where others may enter it now', (folder: string) => chmodSync(folder, 0o711)],
    [
      'where its lock was removed, and another daemon could take its place',
      (folder: string) => rmSync(join(folder, 'lock')),
    ],
  ] as const)('%s', async ([, happen], { expect }) => {
    const here = await loggedInByPassword();
    opened.push(here);
    const { world } = here;
    const key = await unlockFromStdin(here);
    const pid = world.runningPid();
    const folder = join(world.runtimeDir, 'bw-helper');
    happen(folder);
    await isOver(pid);
    expect(world.log()).toContain('"why":"socket or lock gone"');
    expect(readFileSync(join(world.dataDir, 'data.json'), 'utf8')).not.toContain('_user_auto');
    const list = ['list', 'items', '--nointeraction'];
    expect((await world.bw(list, { env: { BW_SESSION: key } })).code).toBe(1);
    rmSync(folder, { recursive: true, force: true });
    expect(await unlockFromStdin(here)).not.toBe(key);
  });
});
