/** For a login by password client_secret is in the environment of that one bw, and nowhere else. */
import { afterEach, expect } from 'vitest';
import { answers, type ByPassword, byPassword } from '../support/by-password.ts';
import { formsOf } from '../support/canary.ts';
import { storeApiKey } from '../support/signed-in.ts';
import { testOnLinux } from '../support/test-where.ts';
import { type Watcher, watch } from '../support/watcher.ts';
import type { OlderBw } from '../support/world.ts';

let here: ByPassword;
let watcher: Watcher;
afterEach(async () => {
  await watcher.stop();
  await here.close();
});

/** Logs in by password, on a terminal and from stdin; where secrets stood meanwhile. */
async function watchedLogins(bw?: OlderBw) {
  here = await byPassword({ bw });
  const { server, world, onTerminal, fromStdin } = here;
  const { clientSecret, password } = server.account;
  watcher = await watch({ folders: [world.home, world.runtimeDir], processes: true });
  await storeApiKey(world, server);
  const terminal = onTerminal();
  await answers(terminal, /Master password: /, password);
  await terminal.sees(/Logged in to/);
  await terminal.exit;
  expect((await world.helper(['logout'])).code).toBe(0);
  expect((await fromStdin()).code).toBe(0);
  const needles = [
    ...formsOf('client_secret', clientSecret),
    ...formsOf('master password', password),
  ];
  return { found: await watcher.find(needles), printed: terminal.text, log: world.log() };
}

testOnLinux('a bw that can raise the challenge has it while it logs in', async () => {
  const { found, printed, log } = await watchedLogins('2025.4.0');
  expect(found).not.toEqual([]);
  const elsewhere = found.filter(
    ({ needle, where, variable, what }) =>
      !(
        needle === 'client_secret, raw' &&
        where === 'environ' &&
        variable === 'BW_CLIENTSECRET' &&
        / login fern@example\.test --raw/.test(what)
      ),
  );
  expect(elsewhere).toEqual([]);
  for (const text of [printed, log]) {
    expect(text).not.toContain(here.server.account.clientSecret);
    expect(text).not.toContain(here.server.account.password);
  }
});

testOnLinux('a bw that cannot raise it never has it', async () => {
  const { found } = await watchedLogins();
  expect(found).toEqual([]);
});
