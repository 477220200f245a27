/** What a person does, step by step; each is a test. Runs in the Windows Node, for `main.ts`. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parsePipeFile } from '../../shared/pipe-proof.ts';
import { createDesk, finished, type Ran, type Story } from './desk.ts';

const story: Story = JSON.parse(process.env.STORY ?? '');
const { account } = story;
const keytar: typeof import('keytar') = createRequire(join(story.app, 'package.json'))('keytar');
const desk = createDesk(story, 'ada');
const { helper, bw } = desk;
const daemonMain = join(story.app, 'dist', 'daemon', 'main.js');
const KEY = /^[A-Za-z0-9+/]{86}==\n$/;
const password = { input: `${account.password}\n` };
let failed = false;

await keytar.deletePassword('bw-helper', 'default');

await step('without a daemon, status says so and stop is no failure', async () => {
  exits(await helper('daemon status'), 37, /daemon/);
  exits(await helper('daemon stop'), 0, /It was not running/);
});

await step('the daemon starts once, and closes what its starter had open', async () => {
  const started = exits(await helper('daemon start'), 0, /Started: pid \d+/);
  const again = exits(await helper('daemon start'), 0, /Already running: pid \d+/);
  assert.equal(pidIn(again.stderr), pidIn(started.stderr));
});

await step('a second daemon is refused, and names the first', async () => {
  const second = await finished(desk.start(daemonMain, ['--foreground']));
  exits(second, 38, new RegExp(`pid ${await daemonPid()}`));
});

await step('the API key goes into the Credential Manager, and nowhere else', async () => {
  const input = `${account.clientId}\n${account.clientSecret}\n`;
  exits(await helper('secret set', { input }), 0, /Windows Credential Manager/);
  const stored = await keytar.getPassword('bw-helper', 'default');
  assert.deepEqual(JSON.parse(stored ?? ''), {
    client_id: account.clientId,
    client_secret: account.clientSecret,
  });
  exits(await helper('secret status'), 0, /Windows Credential Manager/);
  assert.deepEqual(filesWith(account.clientSecret), []);
});

await step('bw logs in with it, started without its .cmd', async () => {
  exits(await helper('login'), 0);
  assert.match(desk.log(), /"file":".*bw\.js"/);
  assert.deepEqual(filesWith(account.clientSecret), []);
});

await step('twenty cold clients at once: one daemon, one unlock, one key', async () => {
  exits(await helper('daemon stop'), 0);
  const before = counted();
  const all = await Promise.all(
    Array.from({ length: 20 }, () => helper('get-session --password-stdin', password)),
  );
  const failed = all.filter(({ code }) => code !== 0);
  assert.deepEqual(failed, []);
  assert.match(all[0]?.stdout ?? '', KEY);
  assert.equal(new Set(all.map(({ stdout }) => stdout)).size, 1);
  const after = counted();
  assert.equal(after.ready - before.ready, 1);
  assert.equal(after.unlocks - before.unlocks, 1);
});

await step('two more get the same key, and bw opens the vault with it', async () => {
  const [one, two] = await Promise.all([helper('get-session'), helper('get-session')]);
  assert.match(exits(one, 0).stdout, KEY);
  assert.equal(exits(two, 0).stdout, one.stdout);
  const items = await bw('list items', { BW_SESSION: one.stdout.trim() });
  assert.match(exits(items, 0).stdout, /Fern forum/);
});

await step('who does not know the key of the pipe is not heard', async () => {
  const { pipe } = pipeFile();
  const stranger = connect(pipe);
  const heard: Buffer[] = [];
  stranger.on('data', (chunk) => {
    heard.push(chunk);
    if (Buffer.concat(heard).length > 64) stranger.destroy();
  });
  stranger.on('error', () => {});
  const hello = { version: 1, can: [], label: '' };
  const frames = [
    { jsonrpc: '2.0', id: 1, method: 'hello', params: hello },
    { jsonrpc: '2.0', id: 2, method: 'session.get', params: {} },
  ].map((frame) => `${JSON.stringify(frame)}\n`);
  stranger.write(Buffer.concat([Buffer.alloc(64, 7), Buffer.from(frames.join(''))]));
  await new Promise((closed) => stranger.once('close', closed));
  // The daemon's number and its proof, and not a byte more.
  assert.equal(Buffer.concat(heard).length, 64);
  assert.match(desk.log(), /"why":"no proof"/);
});

await step('a program that plays the daemon without the key is told nothing', async () => {
  const place = createDesk(story, 'mallory');
  const told: Buffer[] = [];
  const name = '\\\\.\\pipe\\bw-helper-test-played';
  const played = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      told.push(chunk);
      socket.write(Buffer.alloc(64, 7));
    });
  });
  await new Promise<void>((listening) => played.listen(name, listening));
  exits(await helper('daemon stop'), 0);
  const env = { LOCALAPPDATA: place.local };
  exits(await helper('daemon start', { env }), 0);
  exits(await helper('daemon stop', { env }), 0);
  writeFileSync(place.socket, JSON.stringify({ pipe: name, key: 'ab'.repeat(32) }));
  exits(await helper('get-session', { env }), 80, /cannot prove/);
  assert.equal(Buffer.concat(told).length, 32);
  played.close();
});

await step(
  'after a hard end the next command starts anew, and asks the Credential Manager alone',
  async () => {
    exits(await helper('daemon start'), 0);
    process.kill(await daemonPid());
    exits(await helper('unlock --password-stdin', password), 0, /Unlocked for/);
  },
);

await step('a wrong password is told as such', async () => {
  exits(await helper('lock'), 0);
  exits(await helper('get-session --password-stdin', { input: 'not it\n' }), 12, /Wrong/);
});

await step('a session ends by itself, and its key opens nothing any more', async () => {
  const limits = '--password-stdin --idle 3s';
  const { stdout: key } = exits(await helper(`get-session ${limits}`, password), 0);
  await until(() => !readFileSync(desk.dataFile, 'utf8').includes('_user_auto'));
  exits(await helper('get-session'), 11);
  const items = await bw('list items --nointeraction', { BW_SESSION: key.trim() });
  exits(items, 1, /Vault is locked/);
});

await step('data.json is replaced although another program has it open', async () => {
  const aside = `${desk.dataFile}.bw-helper`;
  const held = openSync(desk.dataFile, 'r+');
  const syncing = helper('sync');
  try {
    await until(() => existsSync(aside));
    // Refused at least once by now, or it would not stand there for long.
    await pause(60);
    assert.ok(existsSync(aside), 'it was not tried again');
  } finally {
    closeSync(held);
  }
  exits(await syncing, 0);
  assert.ok(!existsSync(aside));
});

await step('a command gets the key, its arguments and its exit code by `exec`', async () => {
  exits(await helper('unlock --password-stdin', password), 0);
  const { stdout: key } = exits(await helper('get-session'), 0);
  const script = 'process.stdout.write(process.env.BW_SESSION+process.argv[1]),process.exit(37)';
  const ran = await helper(`exec -- node -e ${script} "two^words%PATH%"`);
  exits(ran, 37);
  assert.equal(ran.stdout, `${key.trim()}"two^words%PATH%"`);
  exits(await helper('exec -- no-such-program'), 127, /not found/);
  const items = exits(await helper('exec -- bw list items'), 0);
  assert.match(items.stdout, /Fern forum/);
});

await step('settings, profiles and the audit are written and read', async () => {
  exits(await helper('config set profiles.default.idle 20m'), 0);
  exits(await helper('config get profiles.default.idle'), 0, /20m/);
  exits(await helper('profile add work --server eu'), 0);
  exits(await helper('profile list'), 0, /work/);
  exits(await helper('profile remove work --force'), 0);
  exits(await helper('audit --json'), 0, /"what":"session.exec"/);
});

await step('another daemon does not serve the same vault', async () => {
  const other = { LOCALAPPDATA: join(desk.local, 'other') };
  exits(await helper('unlock --password-stdin', { ...password, env: other }), 33, /pid \d+/);
  exits(await helper('daemon stop', { env: other }), 0);
});

await step('stop locks the vault and leaves nothing running', async () => {
  exits(await helper('unlock --password-stdin', password), 0);
  const pid = await daemonPid();
  exits(await helper('daemon stop'), 0, /Stopped/);
  assert.throws(() => process.kill(pid, 0));
  assert.ok(!readFileSync(desk.dataFile, 'utf8').includes('_user_auto'));
  assert.ok(!existsSync(desk.socket));
});

await step('secret delete takes the API key out of the Credential Manager', async () => {
  exits(await helper('secret delete'), 0);
  assert.equal(await keytar.getPassword('bw-helper', 'default'), null);
  exits(await helper('daemon stop'), 0);
});

await step('no secret stands in any file of it', () => {
  for (const secret of [account.clientSecret, account.password])
    assert.deepEqual(filesWith(secret), []);
});

process.exit(failed ? 1 : 0);

async function step(name: string, act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
    console.log(`✓ ${name}`);
  } catch (thrown) {
    failed = true;
    console.log(`✗ ${name}\n  ${String((thrown as Error).message).replaceAll('\n', '\n  ')}`);
  }
}

function exits(ran: Ran, code: number, says = /(?:)/): Ran {
  const told = `exit ${ran.code}\n${ran.stdout.slice(0, 300)}\n${ran.stderr.slice(-600)}`;
  assert.equal(ran.code, code, told);
  assert.match(ran.stdout + ran.stderr, says, told);
  return ran;
}

async function daemonPid(): Promise<number> {
  return pidIn(exits(await helper('daemon status'), 0).stdout);
}

function pidIn(text: string): number {
  return Number(/pid (\d+)/.exec(text)?.[1]);
}

function counted() {
  const log = desk.log();
  const times = (words: string) => log.split(words).length - 1;
  return { ready: times('"msg":"ready"'), unlocks: times('"command":"unlock"') };
}

function pipeFile() {
  const found = parsePipeFile(readFileSync(desk.socket, 'utf8'));
  assert.ok(found);
  return found;
}

/** Files of all that belongs to the person, by their content. */
function filesWith(text: string): string[] {
  const home = dirname(dirname(desk.roaming));
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

/** Only bounds a hang: a loaded machine may need many seconds for what takes one. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, 'it did not happen within two minutes');
    await pause(5);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
