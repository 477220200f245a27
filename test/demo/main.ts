/**
 * `npm start`: the main job, on real parts, in a temporary home. Each line that begins with `$` is a
 * command as a person would type it, and below it stands what it printed. Exit 0 only if each step held.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../support/server/server.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

const PASSPHRASE = 'a passphrase for this demo';

const folder = createWorld();
const server = await startServer({ folder: folder.folder });
const world = createWorld({ server, settings: 'idle = "10m"\nmax = "1h"' });
const stopped = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => stopped.reject(new Error(`${signal}; putting everything away`)));
try {
  await Promise.race([play(world), stopped.promise]);
  say('\nEvery step held.');
} catch (error) {
  console.error(`\nThe demo stopped: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await world.close();
  await server.close();
  await folder.close();
}

async function play(world: World): Promise<void> {
  const { account } = server;
  playPerson(world);
  say(
    `A Bitwarden server for this demo listens on ${server.url}; its certificate was made just now.`,
  );
  say(`Home, settings and data lie in ${world.folder} and go away at the end.`);
  say('Where a person would type at a prompt, an askpass program answers here.');

  step('1. The API key goes into an encrypted file; its passphrase is asked once.');
  const key = `${account.clientId}\n${account.clientSecret}\n`;
  await shell('printf \'%s\\n\' "$ID" "$SECRET" | helper secret set', {
    run: `printf '%s' '${key}' | helper secret set`,
  });
  await shell('helper login');
  must(!readData().includes(account.clientSecret), 'data.json holds no client_secret');

  step('2. Two shells, one password, one key.');
  const script = 'export BW_SESSION="$(helper get-session)"; bw list items';
  const [one, two] = await Promise.all([inShell(script), inShell(script)]);
  show('first shell:  ', script, names(one));
  show('second shell: ', script, names(two));
  const first = await sessionKey();
  must(prompts() === 1, 'the master password was asked once');
  must((await sessionKey()) === first, 'both shells have the same key');

  step("3. Somebody's own `bw unlock` ends that key; the next call notices and asks again.");
  await world.run(['sh', '-c', 'bw unlock --raw --passwordenv PW'], {
    env: { PW: account.password },
  });
  say('$ bw unlock          (in a third terminal, without us)');
  await refused(first);
  const second = await sessionKey();
  must(second !== first, '`helper get-session` gave a new key, not the dead one');

  step('4. A session ends by itself, and the vault is locked with it.');
  await shell('helper lock');
  await shell('helper unlock --idle 3s --max 1m');
  const short = await sessionKey();
  await until(async () => (await status()).state === 'locked');
  await shell('helper status');
  await refused(short);

  step('5. Nothing stays.');
  await shell('helper logout');
  await shell('helper secret delete');
  await shell('helper daemon stop');
  must(world.daemonPid() === undefined, 'no daemon runs');
  must(!existsSync(join(world.runtimeDir, 'bw-helper', 'socket')), 'the socket is gone');

  async function shell(shown: string, { run = shown } = {}): Promise<string> {
    say(`$ ${shown}`);
    const ran = await inShell(run);
    const printed = (ran.stdout + ran.stderr).trim();
    if (printed) say(printed.replace(/^/gm, '  '));
    if (ran.code !== 0) throw new Error(`\`${shown}\` ended with exit code ${ran.code}`);
    return ran.stdout;
  }

  function inShell(command: string): Promise<Ran> {
    return world.run(['sh', '-c', command]);
  }

  async function sessionKey(): Promise<string> {
    return (await inShell('helper get-session')).stdout.trim();
  }

  async function refused(key: string): Promise<void> {
    const ran = await world.bw(['list', 'items', '--nointeraction'], { env: { BW_SESSION: key } });
    say('$ bw list items      (with the old key)');
    say(`  ${ran.stderr.trim().split('\n').at(-1)}`);
    must(ran.code !== 0, 'bw refuses the old key');
  }

  async function status(): Promise<{ state: string }> {
    return JSON.parse((await inShell('helper status --json')).stdout);
  }

  function readData(): string {
    return readFileSync(join(world.dataDir, 'data.json'), 'utf8');
  }

  function prompts(): number {
    return readFileSync(join(world.folder, 'asked'), 'utf8').trim().split('\n').length;
  }

  function names(ran: Ran): string {
    if (ran.code !== 0) throw new Error(`bw list items failed: ${ran.stderr.trim()}`);
    const items = JSON.parse(ran.stdout) as { name: string }[];
    return `${items.length} items: ${items.map(({ name }) => name).join(', ')}`;
  }
}

/** An askpass program that knows both secrets, and notes each time it is asked for one. */
function playPerson(world: World): void {
  const askpass = world.program(
    'askpass',
    `#!/bin/sh
case "$1" in
  *passphrase*) printf '%s\\n' '${PASSPHRASE}' ;;
  *) echo password >> '${world.folder}/asked'; printf '%s\\n' '${server.account.password}' ;;
esac
`,
  );
  (world.env as Record<string, string>).BW_HELPER_ASKPASS = askpass;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('it did not happen within 30 s');
}

function step(title: string): void {
  say(`\n${title}`);
}

function show(where: string, command: string, printed: string): void {
  say(`${where}$ ${command}`);
  say(`  ${printed}`);
}

function must(held: boolean, what: string): void {
  if (!held) throw new Error(`this did not hold: ${what}`);
  say(`  ✓ ${what}`);
}

function say(line: string): void {
  console.log(line);
}
