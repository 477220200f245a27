import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeptSecret, keepSecret, succeeded } from '../support/kept-secret.ts';
import { isOver, startedBy } from '../support/processes.ts';
import type { Matches } from '../support/server/requests.ts';
import type { Ran } from '../support/world.ts';

let here: KeptSecret;
beforeAll(async () => {
  here = await keepSecret();
});
afterAll(() => here?.close());

const isToken: Matches = ({ path }) => path === '/identity/connect/token';
const isSync: Matches = ({ path }) => path === '/api/sync';

test('login, unlock with an expired token and sync with news leave no client_secret in data.json', async () => {
  const { server } = here;
  succeeded(await here.login());
  await here.age();
  const renewed = server.next(isToken);
  const key = succeeded(await here.unlock());
  await renewed;
  const news = server.touch();
  succeeded(await here.sync());
  expect(await here.list(key)).toContain(news.name);
  await here.onlyInStagedCopies();
});

describe.skipIf(process.platform !== 'linux')('a daemon that is killed while bw', () => {
  type Command = 'login' | 'sync' | 'unlock';
  const kills: [string, Matches, Command][] = [
    ['fetches the vault at a sync', isSync, 'sync'],
    ['waits for a new token at an unlock', isToken, 'unlock'],
    ['waits for the token of a login', isToken, 'login'],
    ['fetches the vault at a login', isSync, 'login'],
  ];

  test.each(kills)(
    '%s leaves no client_secret, and the next one does it',
    async (_, step, command) => {
      await here.beLoggedIn(command !== 'login');
      if (command === 'unlock') await here.age();
      // A session would be locked by the next daemon.
      if (command === 'sync') await here.helper(['lock']);
      const before = here.data();
      const { running, bw, release } = await killAt(step, here[command]);
      expect(await running).toMatchObject({ code: 40, stdout: '' });
      expect(here.data()).toBe(before);

      succeeded(await here.helper(['status']));
      expect(here.stagedFolders()).toEqual([]);
      release();
      await isOver(bw);
      expect(here.data()).toBe(before);
      succeeded(await here[command]());
      await here.onlyInStagedCopies();
    },
  );

  test('has only just started keeps that bw from making its folder anew', async () => {
    await here.beLoggedIn(false);
    const running = here.login();
    const bw = await startedNext();
    killDaemon();
    expect(await running).toMatchObject({ code: 40 });
    succeeded(await here.helper(['status']));
    await isOver(bw);
    expect(here.stagedFolders()).toEqual([]);
  });

  /** Kills the daemon while its bw waits for the server; the bw is then an orphan, and still waits. */
  async function killAt(step: Matches, command: () => Promise<Ran>) {
    const held = here.server.hold(step);
    const running = command();
    await held.reached;
    const bw = await startedNext();
    killDaemon();
    return { running, bw, release: held.release };
  }
});

test.skipIf(process.platform !== 'linux')(
  'a daemon that is stopped during a login takes bw and its copy along',
  async () => {
    await here.beLoggedIn(false);
    const held = here.server.hold(isSync);
    const running = here.login();
    await held.reached;
    const bw = await startedNext();
    succeeded(await here.helper(['daemon', 'stop']));
    expect(here.stagedFolders()).toEqual([]);
    await isOver(bw);
    held.release();
    expect(await running).toMatchObject({ stdout: '' });
    await here.onlyInStagedCopies();
  },
);

test('after all that bw logs in, unlocks and lists as ever', async () => {
  await here.beLoggedIn(true);
  expect(await here.list(succeeded(await here.unlock()))).toContain('Fern forum');
});

/** pid of the bw that the daemon runs, or runs next. */
async function startedNext(): Promise<number> {
  for (;;) {
    const [bw] = startedBy(here.world.daemonPid() ?? -1);
    if (bw !== undefined) return bw;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function killDaemon(): void {
  const pid = here.world.daemonPid();
  if (pid === undefined) throw new Error('No daemon runs');
  process.kill(pid, 'SIGKILL');
}
