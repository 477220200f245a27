/** Whoever starts the daemon decides nothing: neither by its environment nor by where it stands. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answers } from '../support/by-password.ts';
import type { Sighting } from '../support/canary.ts';
import { startServer, type TestServer } from '../support/server/server.ts';
import { PASSPHRASE } from '../support/signed-in.ts';
import { openTerminal } from '../support/terminal.ts';
import { isRoot } from '../support/test-where.ts';
import { type Watcher, watch } from '../support/watcher.ts';
import { createWorld, type World } from '../support/world.ts';

const place = createWorld();
const trap = join(place.folder, 'trap');
const marks = join(place.folder, 'marks');
const passed = join(place.folder, 'passed');
const coverage = join(place.folder, 'coverage');
/** Each program that the loader was told to write about, by its pid. */
const loaded = join(place.folder, 'loaded');
/** Stands in every hostile value, so that it can be looked for. */
const HOSTILE = 'hostile-7c1f';

const hostile: Record<string, string> = {
  BW_SESSION: HOSTILE,
  BW_CLIENTID: HOSTILE,
  BW_CLIENTSECRET: HOSTILE,
  BW_PASSWORD: HOSTILE,
  BW_NOINTERACTION: 'false',
  BW_RESPONSE: 'true',
  BW_QUIET: 'true',
  BW_CLEANEXIT: 'true',
  BITWARDENCLI_DEBUG: 'true',
  NODE_OPTIONS: `--require ${trap}/required-${HOSTILE}.cjs`,
  NODE_PATH: `${trap}/node_modules/${HOSTILE}`,
  NODE_V8_COVERAGE: `${coverage}/${HOSTILE}`,
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  LD_PRELOAD: `/nowhere/${HOSTILE}.so`,
  LD_LIBRARY_PATH: `/nowhere/${HOSTILE}`,
  LD_AUDIT: `/nowhere/${HOSTILE}.so`,
  LD_DEBUG: 'statistics',
  LD_DEBUG_OUTPUT: `${loaded}/${HOSTILE}`,
  GCONV_PATH: `/nowhere/${HOSTILE}`,
  BASH_ENV: `/nowhere/${HOSTILE}`,
  ENV: `/nowhere/${HOSTILE}`,
  NODE_EXTRA_CA_CERTS: `/nowhere/${HOSTILE}.pem`,
  NODE_DEBUG: HOSTILE,
  NODE_COMPILE_CACHE: `${coverage}/compiled-${HOSTILE}`,
  NODE_REPL_EXTERNAL_MODULE: HOSTILE,
  UV_USE_IO_URING: '1',
  OPENSSL_CONF: `/nowhere/${HOSTILE}.cnf`,
  SSL_CERT_FILE: `/nowhere/${HOSTILE}.pem`,
  SSLKEYLOGFILE: `/nowhere/${HOSTILE}`,
  NO_PROXY: HOSTILE,
  HTTPS_PROXY: `http://127.0.0.1:1/${HOSTILE}`,
  https_proxy: `http://127.0.0.1:1/${HOSTILE}`,
  TMPDIR: `/nowhere/${HOSTILE}`,
};

let server: TestServer;
let world: World;
let watcher: Watcher;
let seen: Sighting[];
let daemonEnvironment: string[] | undefined;
let daemonFolder: string | undefined;
let daemonPid: number | undefined;
let key: string;

beforeAll(async () => {
  setTrap();
  server = await startServer({ folder: place.folder });
  world = createWorld({ server });
  watcher = await watch({ folders: [], processes: process.platform === 'linux' });
  const askpass = world.program('passphrase', `#!/bin/sh\necho '${PASSPHRASE}'\n`);
  const from = {
    cwd: trap,
    env: {
      ...hostile,
      BW_HELPER_ASKPASS: askpass,
      PATH: `.:node_modules/.bin::${trap}/bin:${world.env.PATH}`,
    },
  };
  const { clientId, clientSecret, email, password } = server.account;
  const helper = async (args: string[], input = '') => {
    const ran = await world.helper(args, { ...from, input });
    if (ran.code !== 0) throw new Error(`${args.join(' ')} failed: ${ran.stderr}`);
    return ran.stdout;
  };
  await helper(['secret', 'set'], `${clientId}\n${clientSecret}\n`);
  await helper(['login']);
  key = await helper(['get-session', '--password-stdin'], `${password}\n`);
  daemonPid = world.daemonPid();
  daemonEnvironment = readEnvironment(daemonPid);
  daemonFolder = attempt(() => readlinkSync(`/proc/${daemonPid}/cwd`));
  // The one bw that the client runs itself.
  await helper(['logout']);
  const terminal = openTerminal({
    command: ['helper', 'login', '--email', email],
    env: { ...world.env, ...from.env, BW_HELPER_ASKPASS: '' },
    cwd: trap,
  });
  await answers(terminal, /Master password/, password);
  await terminal.sees(/Logged in/);
  await terminal.exit;
  await terminal.close();
  seen = await watcher.find(
    [HOSTILE, 'BW_NOINTERACTION=true', 'TERM=dumb', ...entries].map((name) => ({
      name,
      bytes: Buffer.from(name),
    })),
  );
  await helper(['daemon', 'stop']);
});
afterAll(async () => {
  await watcher?.stop();
  await world?.close();
  await server?.close();
  await place.close();
});

/** What no program but the client may have in its environment. */
const entries = Object.entries(hostile).map(([name, value]) => `${name}=${value}`);

/** Programs that ran with this in their environment. */
function ranWith(name: string): string[] {
  return seen.filter(({ needle }) => needle === name).map(({ what }) => what);
}

test.skipIf(process.platform !== 'linux')('no bw gets any of it, and none may ask', () => {
  const isBw = (what: string) => /bw\.js (config|login|unlock)/.test(what);
  // Each was seen, so that what is not found was not there.
  for (const verb of ['config server', 'login', 'unlock'])
    expect(ranWith('BW_NOINTERACTION=true').join('\n')).toContain(`bw.js ${verb}`);
  // The one on the terminal, which may ask.
  expect(ranWith('TERM=dumb').join('\n')).toContain(`bw.js login ${server.account.email}`);
  // The client itself cannot help having it.
  expect(ranWith(HOSTILE).join('\n')).toContain('helper login');
  expect(entries.length).toBeGreaterThanOrEqual(15);
  for (const name of [HOSTILE, ...entries]) {
    expect(ranWith(name).length).toBeGreaterThan(0);
    expect(ranWith(name).filter(isBw)).toEqual([]);
  }
});

test.skipIf(process.platform !== 'linux')(
  'nor does the daemon, whose PATH has only absolute folders',
  (context) => {
    if (!isRoot() || !daemonEnvironment)
      return context.skip('needs root, to read what the daemon hides');
    expect(daemonFolder).toBe('/');
    const [path = ''] = daemonEnvironment.filter((entry) => entry.startsWith('PATH='));
    for (const folder of path.slice('PATH='.length).split(':')) expect(folder).toMatch(/^\//);
    expect(path).toContain('/usr/bin');
    const names = daemonEnvironment.map((entry) => entry.split('=')[0] ?? '');
    expect(names.filter((name) => name in hostile)).toEqual([]);
    expect(daemonEnvironment.filter((entry) => entry.includes(HOSTILE))).toEqual([]);
  },
);

test('NODE_OPTIONS and NODE_V8_COVERAGE reach the client and nobody else', () => {
  const ran = (text: string) => text.split('\n').filter((line) => line !== '');
  const required = ran(readFileSync(join(place.folder, 'required'), 'utf8'));
  expect(required.length).toBeGreaterThan(0);
  expect(required.filter((program) => program !== join(world.folder, 'bin', 'helper'))).toEqual([]);
  const measured = readdirSync(join(coverage, HOSTILE)).map((name) =>
    readFileSync(join(coverage, HOSTILE, name), 'utf8'),
  );
  expect(measured.join()).toContain('dist/client/main.js');
  for (const text of measured) expect(text).not.toMatch(/dist\/daemon\/main\.js|build\/bw\.js/);
});

test.skipIf(process.platform !== 'linux')(
  'the loader was told what to do by the client alone',
  () => {
    const pids = readdirSync(loaded).map((name) => Number(name.split('.').at(-1)));
    expect(pids.length).toBeGreaterThan(0);
    expect(daemonPid).toBeGreaterThan(0);
    expect(pids).not.toContain(daemonPid);
  },
);

test('no program of its PATH runs in the place of Node, a shell or env', () => {
  // Its own first line asks for `node` in PATH: only that one call, which it cannot help.
  const ran = readFileSync(passed, 'utf8').split('\n').filter(Boolean);
  expect(new Set(ran)).toEqual(new Set([`node ${join(world.folder, 'bin', 'helper')}`]));
});

test('a bw that everybody could change is not run', async () => {
  const open = join(place.folder, 'open');
  mkdirSync(open);
  writeFileSync(join(open, 'bw'), `#!/bin/sh\necho open >> '${marks}'\n`, { mode: 0o755 });
  chmodSync(open, 0o777);
  const ran = await world.helper(['sync'], { env: { PATH: `${open}:${world.env.PATH}` } });
  expect(ran.stderr).toContain('everybody may write');
  expect(existsSync(marks)).toBe(false);
});

test('no program and no module of the folder where the client stands is run', () => {
  expect(existsSync(marks)).toBe(false);
  const bw = realpathSync(join(world.folder, 'bin', 'bw'));
  expect(world.log()).toContain(`"file":"${bw}"`);
  expect(key).toMatch(/^[A-Za-z0-9+/]{86}==\n$/);
  // They would have left their mark.
  spawnSync('bw', { cwd: trap, env: { PATH: `.:${world.env.PATH}` } });
  spawnSync(process.execPath, ['-e', "require('koffi')"], { cwd: trap });
  expect(readFileSync(marks, 'utf8')).toBe('bw\nkoffi\n');
});

/** A folder with a bw of its own and with modules of the names that client and daemon load. */
function setTrap(): void {
  const bin = join(trap, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  for (const program of [join(trap, 'bw'), join(bin, 'bw')]) {
    writeFileSync(program, `#!/bin/sh\necho bw >> '${marks}'\n`);
    chmodSync(program, 0o755);
  }
  mkdirSync(loaded);
  mkdirSync(join(trap, 'bin'));
  for (const [name, real] of Object.entries({
    node: process.execPath,
    sh: '/bin/sh',
    env: '/usr/bin/env',
  })) {
    const script = `#!/bin/sh\necho "${name} $1" >> '${passed}'\nexec '${real}' "$@"\n`;
    writeFileSync(join(trap, 'bin', name), script, { mode: 0o755 });
  }
  const { dependencies } = JSON.parse(readFileSync(join(root(), 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(trap, 'node_modules', name));
    const leave = `require('fs').appendFileSync(${JSON.stringify(marks)}, '${name}\\n');\n`;
    writeFileSync(join(trap, 'node_modules', name, 'index.js'), leave);
  }
  const note = `require('fs').appendFileSync(${JSON.stringify(join(place.folder, 'required'))}, process.argv[1] + '\\n');\n`;
  writeFileSync(join(trap, `required-${HOSTILE}.cjs`), note);
}

function root(): string {
  return dirname(dirname(import.meta.dirname));
}

/** Undefined where it may not be read. */
function readEnvironment(pid: number | undefined): string[] | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  return text?.split('\0').filter((entry) => entry !== '');
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
