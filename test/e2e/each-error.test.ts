/** Every row of the table of errors, as a person meets it: two lines on stderr and the row's exit code. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ErrorName, errors } from '../../shared/errors.ts';
import { startOddServer } from '../support/odd-server.ts';
import { clientMain, daemonMain } from '../support/product.ts';
import {
  PASSPHRASE,
  type SignedIn,
  signedIn,
  storeApiKey,
  unlockFromStdin,
} from '../support/signed-in.ts';
import { createWorld, type Ran, type World } from '../support/world.ts';

/** Provoked by another test: its file, and how its name begins. */
const elsewhere: Partial<Record<ErrorName, readonly [file: string, test: string]>> = {
  'vault-locked': ['e2e/scripts', '--wait ends with vault-locked when nobody unlocks'],
  'wrong-password': ['e2e/scripts', 'a wrong password on stdin has its own code'],
  'wrong-client-secret': ['security/secret-refused', 'a client_secret that was rotated'],
  'data-file-unknown': ['e2e/newer-bw', 'nobody is logged in over it'],
  'profile-mismatch': ['e2e/scripts', 'a terminal whose bw uses another data folder'],
  'profile-in-use': ['e2e/two-daemons', 'a daemon with another runtime folder'],
  'settings-invalid': ['e2e/scripts', 'bad settings are named with file and key'],
  'daemon-start-failed': ['reliability/instance', 'a log that cannot be opened'],
  'daemon-not-running': ['e2e/shutdown', 'status tells where it is'],
  'daemon-running': ['reliability/instance', 'beside which `helper daemon run` refuses'],
  'daemon-gone': ['e2e/shutdown', 'stop while somebody sits at the prompt'],
  'runtime-folder-unsafe': ['reliability/instance', 'a lock that cannot be opened'],
  'askpass-failed': ['e2e/scripts', 'an askpass program that fails is named'],
  'bad-request': ['reliability/odd-daemon', 'what is no session key is never printed'],
  'node-too-old': ['e2e/package', 'an older Node'],
  'keychain-no-library': ['reliability/no-libsecret', 'is told what to install'],
  'keychain-no-bus': ['reliability/system-keychain', 'the bus is gone'],
  'keychain-no-service': ['reliability/system-keychain', 'killed between two calls'],
  'system-keychain-locked': ['reliability/system-keychain', 'locked: that is said at once'],
  'keychain-dismissed': [
    'reliability/system-keychain-window',
    'while it is open others are answered',
  ],
  'keychain-item-gone': ['reliability/system-keychain', 'gone: its item was deleted'],
  'keychain-timeout': ['reliability/system-keychain', 'stopped: others are answered'],
  'challenge-failed': ['e2e/login-challenge', 'where %s is typed'],
  'challenge-unsupported': ['e2e/login-challenge', 'names the server that still raises it'],
  'login-needs-person': ['e2e/login-codes', 'where nobody can be asked at all'],
  'login-failed': ['e2e/login-codes', 'a wrong code is bw'],
  'no-master-password': ['e2e/no-master-password', 'unlock says so before'],
  'profile-unknown': ['e2e/profiles', 'an unknown profile is told'],
  'profile-folder-shared': ['e2e/profile-commands', 'a second profile on one folder is refused'],
  'command-not-found': ['e2e/exec-locked', 'a command that cannot run is told before'],
  'command-not-runnable': ['e2e/exec-locked', 'a command that cannot run is told before'],
  'answer-off': ['e2e/answer', 'switched off in the settings it is refused'],
  'another-client-secret': ['e2e/at-rest', 'refuses where the keychain holds another one'],
  'audit-unreadable': ['e2e/audit', 'what is no audit is named'],
  'settings-not-editable': ['e2e/config', 'what cannot be changed in place is named'],
  'passphrase-file': ['e2e/passphrase-file', 'a file that others can read is refused by name'],
  'too-many-files': ['reliability/no-descriptors', 'data.json that cannot be opened'],
  'daemon-full': ['reliability/no-descriptors', 'where that lasts it is called full'],
  'daemon-outdated': ['reliability/odd-daemon', 'an older daemon that never makes room'],
  'helper-outdated': ['e2e/versions', 'a client that is too old for the daemon'],
};

/** Not provoked through the command on this system; why, and what is tested instead. */
const notHere: Partial<Record<ErrorName, string>> = {
  'data-file-busy': '12 s of waiting for a lock: test/unit/daemon/vault/data-file.test.ts',
  'keychain-no-collection': 'a desktop in a rare state: test/unit/daemon/keychain/os.test.ts',
  'keychain-too-large': 'only Windows has that limit: test/unit/daemon/keychain/os.test.ts',
  'keychain-failed': 'a mistake of a keychain: test/unit/daemon/keychain/os.test.ts',
  'keychain-holds-another': 'two keychains that differ: test/unit/daemon/keychain/chosen.test.ts',
  'settings-unwritable': 'root is refused nothing: test/unit/daemon/settings/config.test.ts',
  'pipe-not-ours':
    'only Windows has pipes: test/unit/client/pipe.test.ts, and the story under Wine',
  internal: 'a mistake of ours: test/unit/shared/errors.test.ts',
};

const provoked = new Set<ErrorName>();
const FAST = resolve('test/fixtures/fast-clock.mjs');
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A test that provokes the error `name`. */
function provokes(name: ErrorName, how: string, body: () => Promise<Ran>, holding = ''): void {
  provoked.add(name);
  test(`${name}: ${how}`, async () => {
    const { code, stdout, stderr } = await body();
    const { exit, says, next } = errors[name];
    expect(`${code} ${stdout}${stderr}`).toMatch(
      new RegExp(`^${exit} helper: ${shape(says)}\n {8}${shape(next)}( More: [^\n]+)?\n$`),
    );
    expect(stderr).toContain(holding);
  });
}

/** The sentence with anything for what differs. */
function shape(template: string): string {
  return template
    .split(/\{\w+\}/)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('[^\n]+');
}

const setting = (lines: string) => `[profiles.default]\nkeychain = "file"\n${lines}\n`;

describe('where nothing is set up', () => {
  let world: World;
  beforeEach(() => {
    world = createWorld();
    ends.push(() => world.close());
  });
  const set = (input: string, env: Record<string, string> = {}) =>
    world.helper(['secret', 'set'], { input, env });
  const apiKey = `user.${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}\nsecret\n`;
  const askpass = (script: string) => ({ BW_HELPER_ASKPASS: world.program('asks', script) });

  provokes('usage', 'a typing mistake', () => world.helper(['unlok']), 'Did you mean unlock?');
  if (existsSync('/dev/full'))
    provokes('output-failed', 'a full disk', () =>
      world.run(['sh', '-c', 'helper --version > /dev/full']),
    );
  else notHere['output-failed'] = 'this system has no /dev/full';
  provokes('not-logged-in', 'get-session', () => world.helper(['get-session']));
  provokes('profile-exists', 'profile add', () => world.helper(['profile', 'add', 'default']));
  provokes('no-client-secret', 'login', () => world.helper(['login']));
  provokes('bad-secret', 'one line instead of two', () => set('user.x\n'), 'second line');
  provokes('prompt-cancelled', 'askpass says no', () =>
    set(apiKey, askpass('#!/bin/sh\nexit 1\n')),
  );
  provokes('prompt-timeout', 'askpass that nobody answers', () => {
    const fast = { NODE_OPTIONS: `--import=${FAST}` };
    return set(apiKey, { ...fast, ...askpass('#!/bin/sh\nexec sleep 600\n') });
  });
  provokes(
    'keychain-unwritable',
    'a place where nothing can be',
    () => set(apiKey, { XDG_DATA_HOME: '/proc/none', ...askpass('#!/bin/sh\necho passphrase\n') }),
    '/proc/none',
  );
  provokes('data-file-unreadable', 'a broken data.json', () => {
    mkdirSync(world.dataDir, { recursive: true });
    writeFileSync(join(world.dataDir, 'data.json'), '{"half');
    return world.helper(['status']);
  });
  provokes('data-file-unwritable', 'a folder that cannot be made', () => {
    world.settings(setting('data_dir = "/proc/none"'));
    return world.helper(['login']);
  });
  provokes('daemon-silent', 'something else on its socket', async () => {
    const folder = join(world.runtimeDir, 'bw-helper');
    mkdirSync(folder, { mode: 0o700 });
    const mute = createServer((socket) => void socket.on('error', () => {}).resume());
    await new Promise<void>((listening) => mute.listen(join(folder, 'socket'), listening));
    ends.push(() => new Promise((closed) => mute.close(closed)));
    const env = { NODE_OPTIONS: `--import=${FAST}`, FAST_FROM_MS: '30000' };
    return await world.helper(['get-session'], { env });
  });
});

describe('with an API key stored, and nobody logged in', () => {
  let world: World;
  let env: Record<string, string>;
  beforeEach(async () => {
    world = createWorld();
    ends.push(() => world.close());
    const clientId = `user.${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`;
    await storeApiKey(world, { account: { clientId, clientSecret: 'made-up' } });
    env = { BW_HELPER_ASKPASS: join(world.folder, 'bin', 'passphrase') };
  });
  const restart = () => world.helper(['daemon', 'restart']);
  const login = (lines: string) => {
    world.settings(setting(lines));
    return world.helper(['login']);
  };

  provokes('keychain-locked', 'a daemon that was not told its passphrase', async () => {
    await restart();
    return await world.helper(['login', '--no-input']);
  });
  provokes('wrong-passphrase', 'three times', async () => {
    await restart();
    const wrong = world.program('wrong', `#!/bin/sh\necho 'not ${PASSPHRASE}'\n`);
    return await world.helper(['login'], { env: { BW_HELPER_ASKPASS: wrong } });
  });
  provokes('keychain-damaged', 'a changed file', async () => {
    writeFileSync(join(world.home, '.local', 'share', 'bw-helper', 'keychain.json'), '{}');
    return await world.helper(['login']);
  });

  if (!['/usr/bin/bw', '/bin/bw', '/usr/local/bin/bw', '/snap/bin/bw'].some(existsSync))
    provokes('bw-not-found', 'none in PATH', async () => {
      await world.helper(['daemon', 'stop']);
      const PATH = '/usr/bin:/bin';
      return await world.run([process.execPath, clientMain, 'login'], { env: { ...env, PATH } });
    });
  else notHere['bw-not-found'] = 'a bw is installed in this machine';
  provokes(
    'bw-refused',
    'a program that others can change',
    () => {
      const file = world.program('everybodys-bw', '#!/usr/bin/env node\n');
      chmodSync(file, 0o777);
      world.settings(`bw_path = "${file}"\n${setting('')}`);
      return world.helper(['login']);
    },
    'everybodys-bw',
  );

  provokes(
    'server-unreachable',
    'nobody listens there',
    () => login('server = "https://127.0.0.1:1"'),
    'ECONNREFUSED',
  );
  provokes(
    'server-unreachable',
    'its certificate has expired',
    async () => {
      const { url, caFile, close } = await startOddServer(world.folder, { expired: true });
      ends.push(close);
      return await login(`server = "${url}"\nca_file = "${caFile}"`);
    },
    'certificate has expired',
  );
  provokes(
    'server-unreachable',
    'its certificate authority is not known',
    async () => {
      const { url, close } = await startOddServer(world.folder, {});
      ends.push(close);
      return await login(`server = "${url}"`);
    },
    'self-signed certificate',
  );
  provokes(
    'server-unreachable',
    'it answers with rubbish',
    async () => {
      const body = '<html><body>Sign in to the Wi-Fi \u001b[31m';
      const { url, caFile, close } = await startOddServer(world.folder, { body });
      ends.push(close);
      return await login(`server = "${url}"\nca_file = "${caFile}"`);
    },
    'not as a Bitwarden server does',
  );
  provokes(
    'server-unreachable',
    'it speaks plain HTTP at an https address',
    async () => {
      const { url, close } = await startOddServer(world.folder, { plain: true });
      ends.push(close);
      return await login(`server = "${url}"`);
    },
    'plain HTTP',
  );
  provokes(
    'server-unreachable',
    'it answers a login by password with rubbish',
    async () => {
      const { url, caFile, close } = await startOddServer(world.folder, { body: '{}' });
      ends.push(close);
      world.settings(setting(`server = "${url}"\nca_file = "${caFile}"`));
      const args = ['login', '--email', 'x@example.test', '--password-stdin'];
      return await world.helper(args, { input: 'password\n' });
    },
    'not as a Bitwarden server does',
  );
  provokes(
    'settings-invalid',
    'a ca_file without a certificate',
    () => login('server = "https://127.0.0.1:1"\nca_file = "/etc/hosts"'),
    'no certificate',
  );
  provokes('server-insecure', 'bw was set to http', async () => {
    expect((await world.bw(['config', 'server', 'http://127.0.0.1:1'])).code).toBe(0);
    return await login('');
  });
  provokes(
    'settings-invalid',
    'http in the settings',
    () => login('server = "http://127.0.0.1:1"'),
    'line 3: `server` must be an https:// address',
  );
});

describe('with a session open', () => {
  let here: SignedIn;
  let key: string;
  let before: string;
  const data = () => readFileSync(join(here.world.dataDir, 'data.json'), 'utf8');
  const right = () => setting(`server = "${here.server.url}"\nca_file = "${here.server.caFile}"`);
  beforeEach(async () => {
    if (!here) {
      here = await signedIn();
      key = await unlockFromStdin(here);
    }
    before = data();
  });
  afterAll(() => here?.close());

  /** `helper sync` with another bw, and a look that nothing is lost by it. */
  async function syncWith(script: string): Promise<Ran> {
    const { world } = here;
    const file = world.program('odd-bw', `#!/usr/bin/env node\n${script}`);
    world.settings(`bw_path = "${file}"\n${right()}`);
    const ran = await world.helper(['sync']);
    world.settings(right());
    expect(data()).toBe(before);
    const got = await world.helper(['get-session', '--no-input']);
    expect(got).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: '' });
    return ran;
  }

  provokes('already-logged-in', 'login', () => here.world.helper(['login']));
  provokes(
    'bw-failed',
    'it prints 100 MB',
    () => syncWith('process.stdout.write(Buffer.alloc(1e8, "x"), () => process.exit(0));'),
    'without end',
  );
  provokes(
    'bw-failed',
    'it dies while it writes data.json',
    () =>
      syncWith(`
        const fs = require('node:fs');
        fs.writeFileSync(process.env.BITWARDENCLI_APPDATA_DIR + '/data.json', '{"half');
        process.kill(process.pid, 'SIGKILL');`),
    'SIGKILL',
  );
  provokes('lock-failed', 'data.json is broken', async () => {
    const file = join(here.world.dataDir, 'data.json');
    writeFileSync(file, '{"half');
    const ran = await here.world.helper(['lock']);
    writeFileSync(file, before);
    expect(await here.world.helper(['lock'])).toMatchObject({ code: 0 });
    expect(data()).not.toContain('_user_auto');
    return ran;
  });
  provokes('bw-timeout', 'it hangs', async () => {
    const { world } = here;
    await world.helper(['daemon', 'stop']);
    const file = world.program('odd-bw', '#!/usr/bin/env node\nsetInterval(() => {}, 1e6);');
    world.settings(`bw_path = "${file}"\n${right()}`);
    await startFastDaemon(world);
    const env = { BW_HELPER_ASKPASS: join(world.folder, 'bin', 'passphrase') };
    const ran = await world.helper(['sync'], { env });
    expect(data()).toBe(before);
    return ran;
  });
});

test('each error is provoked here or elsewhere, or it is said why not', () => {
  const named = [...provoked, ...Object.keys(elsewhere), ...Object.keys(notHere)];
  expect(Object.keys(errors).filter((name) => !named.includes(name))).toEqual([]);
  expect(Object.keys(notHere).filter((name) => provoked.has(name as ErrorName))).toEqual([]);
  expect(named.filter((name) => !Object.hasOwn(errors, name))).toEqual([]);
});

test.each(Object.entries(elsewhere))('%s: there is a test for it, %j', (name, [file, title]) => {
  const text = readFileSync(join('test', `${file}.test.ts`), 'utf8');
  const titles = [...text.matchAll(/^ *(?:test\w*|\]\))\(\s*(['"`])(.*)\1,/gm)];
  const [found, ...more] = titles.filter(([, , one = '']) => one.startsWith(title));
  expect([found?.[2], more]).toEqual([expect.stringContaining(title), []]);
  const [next] = titles.filter(({ index }) => index > (found?.index ?? 0));
  const body = text.slice(found?.index, next?.index);
  expect(body).toMatch(new RegExp(`\\b${errors[name as ErrorName].exit}\\b`));
});

/** A daemon whose deadlines pass a hundred times as fast. */
async function startFastDaemon(world: World): Promise<void> {
  const args = ['--import', FAST, daemonMain];
  const daemon = spawn(process.execPath, args, {
    env: world.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  ends.push(async () => void daemon.kill('SIGKILL'));
  await new Promise((ready) => daemon.stdout.once('data', ready));
}
