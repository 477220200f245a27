/** Nothing that somebody else has named or said does anything to a terminal, a prompt or a log. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRaw } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server/server.ts';
import { PASSPHRASE } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { testOnLinux } from '../support/test-where.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

/**
 * A title, a colour, another one by a single character, and text that runs backwards. No capitals: an
 * email address has none for bw, which makes the key of it.
 */
const HOSTILE = '\u001b]0;gone\u0007\u001b[31m\u009b2m\u202e';
// JSON's own way to write them is fine to look at, but for the log and the audit: see there.
const ACTS = /[^\P{Cc}\t\n\r]|\p{Cf}/u;
const ESCAPED = /\\u001b|\\u009b|\\u202e/i;

const place = createWorld();
let server: TestServer;
let world: World;
let account: { email: string; password: string };
/** Everything that commands printed. */
const printed: [command: string, text: string][] = [];
let asked: string;

beforeAll(async () => {
  server = await startServer({ folder: place.folder });
  const made = await server.addAccount({ email: `moss${HOSTILE}@example.test`, password: 'right' });
  account = made;
  world = createWorld({ server });
  asked = join(world.folder, 'asked');
  const askpass = world.program(
    'asks',
    `#!/bin/sh\nprintf '%s\\n' "$1" >>'${asked}'\ncase "$1" in Master*) echo right ;; *) echo '${PASSPHRASE}' ;; esac\n`,
  );
  const env = { BW_HELPER_DEBUG: '1', BW_HELPER_ASKPASS: askpass };
  const input = `${made.clientId}\n${made.clientSecret}\n`;
  for (const args of [['secret', 'set'], ['login'], ['unlock'], ['status'], ['status', '--json']])
    expect(await helper(args, { env, input })).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await world?.close();
  await server?.close();
  await place.close();
});

async function helper(args: readonly string[], options = {}): Promise<Ran> {
  const ran = await world.helper(args, options);
  printed.push([args.join(' '), ran.stdout + ran.stderr]);
  return ran;
}

function expectClean(text: string): void {
  expect(text).not.toMatch(ACTS);
}

test('an account that a server names', () => {
  const seen = printed.filter(([, text]) => text.includes('moss'));
  expect(seen.map(([command]) => command)).toEqual(['login', 'status', 'status --json']);
  for (const [, text] of printed) expectClean(text);
});

test('the same in JSON is what the server said, for whoever reads it', async () => {
  const { stdout } = await helper(['status', '--json']);
  expect(JSON.parse(stdout).account).toContain('\u009b2m\u202e');
});

test('the same at the prompt of an askpass program, and on the terminal', async () => {
  const prompts = readFileSync(asked, 'utf8');
  expect(prompts).toMatch(/^Master password for moss/m);
  expectClean(prompts.replaceAll('\n', ''));

  await helper(['lock']);
  const terminal = openTerminal({ command: ['helper', 'unlock'], env: world.env });
  await terminal.sees(/Master password for moss.*: /);
  terminal.types('right\r');
  await terminal.sees(/Unlocked for/);
  await terminal.exit;
  await terminal.close();
  // Our own prompt erases to the end of its line.
  expectClean(terminal.text.replaceAll('\u001b[K', ''));
});

test('what another client calls itself, to whoever waits for it', async () => {
  await helper(['lock']);
  const other = await connectRaw(join(world.runtimeDir, 'bw-helper', 'socket'));
  const hello = { version: 1, can: ['terminal'], label: `pts/9${HOSTILE}` };
  other.write(frame(1, 'hello', hello) + frame(2, 'session.get', {}));
  while (!other.said.some(({ method }) => method === 'prompt.secret'))
    await new Promise((look) => setTimeout(look, 5));
  const { stderr } = await helper(['get-session', '--no-input', '--wait', '1s']);
  other.close();
  expect(stderr).toContain('waiting for the password in pts/9');
  expectClean(stderr);
});

testOnLinux('the name of the program that calls, in the audit', async () => {
  const shell = join(world.folder, `sh${HOSTILE}`);
  copyFileSync('/bin/sh', shell);
  await world.run([shell, '-c', 'helper get-session --no-input; true']);
  for (const args of [['audit'], ['audit', '--json']]) {
    const { stdout } = await helper(args);
    expect(stdout).toMatch(/bwh-.*\/sh|from sh/);
    expectClean(stdout);
    expect(stdout).not.toMatch(ESCAPED);
  }
});

test('the names in a settings file', async () => {
  const right = readFileSync(join(world.home, '.config/bw-helper/config.toml'), 'utf8');
  const name = JSON.stringify(`a${HOSTILE}`).replaceAll('\u009b', '\\u009b');
  for (const line of [`${name} = 1`, `[profiles.${name}]`]) {
    world.settings(`${right}\n${line}\n`);
    const { code, stderr } = await helper(['get-session', '--no-input']);
    expect(code).not.toBe(11);
    expect(stderr).toContain('config.toml');
    expectClean(stderr);
  }
  world.settings(right);
});

test('the words of bw: in an error, and on the terminal where it asks', async () => {
  const right = readFileSync(join(world.home, '.config/bw-helper/config.toml'), 'utf8');
  expect((await helper(['logout'])).code).toBe(0);
  const bw = resolve('test/fixtures/bw-speaks-in-escapes.mjs');
  world.settings(`bw_path = ${JSON.stringify(bw)}\n${right}`);
  const { code, stderr } = await helper(['login']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('The server says: ');
  expectClean(stderr);

  const terminal = openTerminal({
    command: ['helper', 'login', '--email', account.email.replace(HOSTILE, '')],
    env: world.env,
  });
  await terminal.sees(/The server says: /);
  await terminal.exit;
  await terminal.close();
  // A colour is a colour, as in all its prompts.
  expect(terminal.text).toContain('\u001b[31mThe server says: ');
  expectClean(terminal.text.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', ''));
  world.settings(right);
});

test('nor is any of it in the log or the audit', async () => {
  const { stdout } = await helper(['daemon', 'logs', '--lines', '1000']);
  const audit = readFileSync(join(world.stateDir, 'audit.jsonl'), 'utf8');
  for (const text of [stdout, world.log(), audit]) {
    expect(text).toContain('{');
    expectClean(text);
    expect(text).not.toMatch(ESCAPED);
  }
});

function frame(id: number, method: string, params: unknown): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
}
