import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KeptSecret, keepSecret, succeeded } from '../support/kept-secret.ts';
import { storeApiKey } from '../support/signed-in.ts';
import type { Ran } from '../support/world.ts';

let here: KeptSecret;
beforeAll(async () => {
  here = await keepSecret();
});
afterAll(() => here?.close());

test('a client_secret that was rotated is told as such, and all works with the new one', async () => {
  function isRefused(ran: Ran): void {
    expect(ran).toMatchObject({ code: 16, stdout: '' });
    expect(ran.stderr).toContain('web vault (Settings → Security → Keys');
    expect(ran.stderr).toContain('`helper secret set`');
  }
  await here.beLoggedIn(true);
  here.rotate();
  const before = here.data();
  isRefused(await here.sync());
  expect(here.data()).toBe(before);
  await here.age();
  const aged = here.data();
  isRefused(await here.unlock());
  expect(here.data()).toBe(aged);
  await here.beLoggedIn(false);
  isRefused(await here.login());

  await storeApiKey(here.world, here.server);
  succeeded(await here.login());
  await here.age();
  const key = succeeded(await here.unlock());
  const news = here.server.touch();
  succeeded(await here.sync());
  expect(await here.list(key)).toContain(news.name);
  await here.onlyInStagedCopies();
});

test('without the server sync, unlock with an expired token and login say so and change nothing', async () => {
  const { server } = here;
  await here.beLoggedIn(true);
  await here.age();
  const before = here.data();
  await server.outage(true);
  for (const command of [here.sync, here.unlock]) {
    expect(await command()).toMatchObject({ code: 26, stdout: '' });
    expect(here.data()).toBe(before);
  }
  await here.beLoggedIn(false);
  const loggedOut = here.data();
  expect(await here.login()).toMatchObject({ code: 26, stdout: '' });
  expect(here.data()).toBe(loggedOut);
  await server.outage(false);
  succeeded(await here.login());
  await here.onlyInStagedCopies();
});
