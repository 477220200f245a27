/** The prompts in a Windows console, by keys: for Wine, whose console is a terminal of ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openTerminal } from '../support/terminal.ts';
import type { Windows } from './wine.ts';

const CLIENT_ID = 'user.01234567-89ab-cdef-0123-456789abcdef';
const SECRET = 'ATypedSecret4711';

/** `helper secret set`. Throws where something is not as it must be. */
export async function typeInConsole(windows: Windows, folder: string): Promise<void> {
  const local = windows.path(folder);
  const client = windows.path(join(windows.app, 'dist', 'client', 'main.js'));
  const env = { ...windows.env, APPDATA: local, LOCALAPPDATA: local };
  const open = (...args: string[]) =>
    openTerminal({ command: [...windows.node, client, ...args], env });
  // A daemon that is started in the console would keep it open: with Wine a child gets it all the same.
  const run = (...args: string[]) => {
    const [command = '', ...rest] = [...windows.node, client, ...args];
    assert.equal(spawnSync(command, rest, { env, stdio: 'ignore' }).status, 0, args.join(' '));
  };
  run('daemon', 'start');

  const set = open('secret', 'set');
  await set.sees(/client_id: /);
  set.types(`${CLIENT_ID}\r`);
  await set.sees(/client_secret \(hidden\):/);
  set.types(`${SECRET}\r`);
  await set.sees(/Windows Credential Manager/);
  assert.equal((await set.exit).code, 0);
  assert.ok(!set.text.includes(SECRET.slice(0, 4)), 'the secret is on the screen');
  await set.close();

  run('secret', 'delete');
  run('daemon', 'stop');
}
