import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { succeeded } from '../support/kept-secret.ts';
import { startServer, type TestServer } from '../support/server/server.ts';
import { PASSPHRASE, storeApiKey } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { createWorld, type World } from '../support/world.ts';

let place: World;
let server: TestServer;
let world: World;
beforeAll(async () => {
  place = createWorld();
  server = await startServer({ folder: place.folder });
  world = createWorld();
});
afterAll(async () => {
  await world.close();
  await server.close();
  await place.close();
});

const audit = async () =>
  JSON.parse(succeeded(await world.helper(['audit', '--json', '--tail', '1'])));

test('where nothing is stored a script is told so, and gets nothing', async () => {
  expect(await world.helper(['answer', 'client-secret'])).toMatchObject({ code: 15, stdout: '' });
});

test('a script gets the value and a newline, and each time is in the audit', async () => {
  await storeApiKey(world, server);
  const { clientId, clientSecret } = server.account;
  expect(await world.helper(['answer', 'client-id'])).toMatchObject({
    code: 0,
    stdout: `${clientId}\n`,
    stderr: '',
  });
  const got = await world.run(['sh', '-c', 'test "$(helper answer client-secret)" = "$WANTED"'], {
    env: { WANTED: clientSecret },
  });
  expect(got).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await audit()).toMatchObject({
    what: 'secret.answer',
    outcome: 'granted',
    params: { what: 'client-secret' },
  });
  const file = join(world.stateDir, 'audit.jsonl');
  expect(readFileSync(file, 'utf8')).not.toContain(clientSecret);
});

test('on a terminal it is not shown, unless by --force', async () => {
  const { clientSecret } = server.account;
  const command = ['helper', 'answer', 'client-secret'];
  const refused = openTerminal({ command, env: world.env });
  expect((await refused.exit).code).toBe(2);
  expect(refused.text).toContain('pass --force');
  expect(refused.text).not.toContain(clientSecret);

  const piped = openTerminal({ command, env: world.env, stdout: 'pipe' });
  expect((await piped.exit).code).toBe(0);
  expect(piped.stdout).toBe(`${clientSecret}\n`);
  expect(piped.text).not.toContain(clientSecret);

  const forced = openTerminal({ command: [...command, '--force'], env: world.env });
  expect((await forced.exit).code).toBe(0);
  expect(forced.text).toContain(clientSecret);
});

test('a keychain that is locked asks for its passphrase, where somebody can be asked', async () => {
  succeeded(await world.helper(['daemon', 'stop']));
  const script = await world.helper(['answer', 'client-secret', '--no-input']);
  expect(script).toMatchObject({ code: 17, stdout: '' });
  expect(await audit()).toMatchObject({ outcome: 'refused', error: 'keychain-locked' });
  const terminal = openTerminal({
    command: ['helper', 'answer', 'client-secret'],
    env: world.env,
    stdout: 'pipe',
  });
  await terminal.sees(/Passphrase of/);
  terminal.types(`${PASSPHRASE}\r`);
  expect((await terminal.exit).code).toBe(0);
  expect(terminal.stdout).toBe(`${server.account.clientSecret}\n`);
});

test('switched off in the settings it is refused by name, and that is in the audit too', async () => {
  world.settings('[profiles.default]\nkeychain = "file"\nanswer = false\n');
  for (const what of ['client-id', 'client-secret']) {
    const refused = await world.helper(['answer', what]);
    expect(refused).toMatchObject({ code: 75, stdout: '' });
    expect(refused.stderr).toContain('`answer = true`');
    expect(await audit()).toMatchObject({
      outcome: 'refused',
      error: 'answer-off',
      params: { what },
    });
  }
});
