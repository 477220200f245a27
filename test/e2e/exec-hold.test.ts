import { afterAll, beforeAll, expect } from 'vitest';
import { type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';

const IDLE_MS = 2_000;

let here: SignedIn;
beforeAll(async () => {
  here = await signedIn({ settings: 'idle = "2s"\nmax = "10m"' });
});
afterAll(() => here?.close());

interface Status {
  readonly state: string;
  readonly daemon: { readonly uptimeMs: number };
}

async function status(): Promise<Status> {
  return JSON.parse((await here.world.helper(['status', '--json'])).stdout);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

testOnLinux('while the command lives the idle limit stands still; then it begins', async () => {
  const { world } = here;
  const key = await unlockFromStdin(here);
  const terminal = openTerminal({
    command: [
      'helper',
      'exec',
      '--',
      'sh',
      '-c',
      'echo ready; read line; bw list items; read line',
    ],
    env: world.env,
  });
  await terminal.sees(/ready/);
  const { uptimeMs: since } = (await status()).daemon;
  await until(async () => {
    const { state, daemon } = await status();
    expect(state).toBe('unlocked');
    return daemon.uptimeMs - since > 3 * IDLE_MS;
  });
  terminal.types('\r');
  await terminal.sees(/Fern forum/);
  expect(world.log()).not.toContain('"why":"idle"');
  terminal.types('\r');
  expect(await terminal.exit).toEqual({ code: 0, signal: null });
  await until(() => world.log().includes('"why":"idle"'));
  const after = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
  expect(after.code).toBe(1);
});

testOnLinux('the absolute limit ends it all the same, and the command lives on', async () => {
  const { world } = here;
  await unlockFromStdin(here, ['--idle', '5m', '--max', '4s']);
  const terminal = openTerminal({
    command: ['helper', 'exec', '--', 'sh', '-c', 'echo ready; read line; echo lives on'],
    env: world.env,
  });
  await terminal.sees(/ready/);
  await until(() => world.log().includes('"why":"max"'));
  terminal.types('\r');
  await terminal.sees(/lives on/);
  expect((await terminal.exit).code).toBe(0);
});
