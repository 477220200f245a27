/** The keychain's own window: whom it may open for, and what becomes of it. */
import { afterAll, beforeAll, expect } from 'vitest';
import { type Display, openDisplay } from '../support/display.ts';
import { isOver, startedBy } from '../support/processes.ts';
import {
  type Bus,
  LOGIN_PASSWORD,
  lockLogin,
  missingFor,
  startBus,
  startGnomeKeyring,
} from '../support/secret-service.ts';
import { testWhere } from '../support/test-where.ts';
import { createWorld, type World } from '../support/world.ts';

const missing =
  process.platform === 'linux'
    ? missingFor([
        'dbus-daemon',
        'dbus-send',
        'gnome-keyring-daemon',
        'gcr-viewer',
        'Xvfb',
        'xdotool',
      ])
    : 'needs Linux';
const testHere = testWhere(missing === '', missing);
const UNLOCK = 'Unlock';

let world: World;
let display: Display | undefined;
let bus: Bus | undefined;

beforeAll(async () => {
  if (missing) return;
  world = createWorld({ keychain: 'os' });
  display = await openDisplay(world);
  bus = await startBus(world);
  await startGnomeKeyring(bus, world);
  await world.helper(['secret', 'set'], { input: `${ID}\n${'Ab1'.repeat(10)}\n` });
  lockLogin(bus);
});
afterAll(async () => {
  if (missing) return;
  await world.close();
  await bus?.close();
  await display?.close();
});

const ID = 'user.12345678-1234-4234-8234-123456789012';

testHere('with --no-input, over SSH and without a screen none opens: it is locked', async () => {
  const places: [string[], Record<string, string>][] = [
    [['--no-input'], {}],
    [[], { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }],
    [[], { DISPLAY: '' }],
  ];
  for (const [flags, env] of places)
    expect((await world.helper(['secret', 'delete', ...flags], { env })).code).toBe(54);
});

testHere(
  'while it is open others are answered; closed without an answer is a refusal',
  async () => {
    const pid = world.daemonPid();
    const asked = world.helper(['secret', 'delete']);
    await display?.window(UNLOCK);
    expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, locked: /);
    expect(await world.helper(['lock'])).toMatchObject({ code: 0 });
    display?.presses('Escape');
    expect(await asked).toMatchObject({ code: 55 });
    expect((await world.helper(['secret', 'status'])).stdout).toMatch(/^stored, locked: /);
    expect(world.daemonPid()).toBe(pid);
    await display?.noWindow(UNLOCK);
  },
);

testHere('with its password typed the command goes on', async () => {
  const asked = world.helper(['secret', 'delete']);
  await display?.window(UNLOCK);
  display?.types(LOGIN_PASSWORD);
  display?.presses('Return');
  expect(await asked).toMatchObject({ code: 0, stderr: 'Deleted.\n' });
});

testHere('a daemon that is killed leaves no worker behind that waits for a person', async () => {
  await world.helper(['secret', 'set'], { input: `${ID}\n${'Ab1'.repeat(10)}\n` });
  if (bus) lockLogin(bus);
  const asked = world.helper(['secret', 'delete']);
  await display?.window(UNLOCK);
  const pid = world.runningPid();
  const [worker = 0, ...others] = startedBy(pid);
  expect([worker > 0, others]).toEqual([true, []]);
  process.kill(pid, 'SIGKILL');
  await isOver(worker);
  expect((await asked).code).toBe(40);
});
