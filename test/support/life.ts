import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Needle, Sighting } from './canary.ts';
import { WITH_CORES } from './cores.ts';
import { isOver } from './processes.ts';
import { startServer } from './server/server.ts';
import { openTerminal } from './terminal.ts';
import { readTrace, type Trace, traced } from './traced.ts';
import { watch } from './watcher.ts';
import { createWorld, type RunOptions, type World } from './world.ts';

export interface Printed {
  readonly command: string;
  readonly stream: 'stdout' | 'stderr' | 'terminal';
  readonly text: string;
}

/** What was done, and all that can be looked at afterwards. */
export interface Life {
  readonly world: World;
  /** Name → value of each secret that went through it. */
  readonly secrets: ReadonlyMap<string, string | Buffer>;
  readonly printed: readonly Printed[];
  /** One for each command, those of the daemons first; empty where nothing was traced. */
  readonly traces: readonly Trace[];
  /** The environment of the daemon could be read. */
  readonly sawDaemon: boolean;
  /** In files and processes, at any moment of it. */
  find(needles: readonly Needle[]): Promise<Sighting[]>;
  close(): Promise<void>;
}

export interface LifeOptions {
  /** Not watched: what askpass answers lies there, and the traces. */
  readonly folder: string;
  /** Everything runs under strace. */
  readonly trace: boolean;
  readonly keychain?: 'os' | 'file';
  /** Called before anything runs: a keychain of the system has to be there first. */
  readonly prepare?: (world: World) => Promise<unknown>;
}

/**
 * Plays everything that a person does with the helper, with mistakes, by all ways to ask, and with
 * BW_HELPER_DEBUG=1; a session ends by its limit, and a daemon by a signal that leaves a core of what
 * does not forbid it. Throws where a step fails.
 */
export async function live({
  folder,
  trace,
  keychain = 'file',
  prepare,
}: LifeOptions): Promise<Life> {
  const server = await startServer({ folder });
  // What differs in each form of it: quotes, a backslash, a blank, what URLs escape, beyond ASCII.
  const odd = (name: string) => `${name} "q" \\b /+%&=ö ${randomBytes(6).toString('hex')}`;
  const account = await server.addAccount({
    email: 'moss@example.test',
    password: odd('password'),
  });
  const passphrase = odd('passphrase');
  const wrongPassword = odd('wrong password');
  const wrongSecret = `WrongClientSecret${randomBytes(7).toString('hex')}`;
  const world = createWorld({ server, keychain });
  await prepare?.(world);
  const watcher = await watch({
    folders: [world.home, world.runtimeDir],
    processes: process.platform === 'linux',
  });

  const answers = join(folder, 'answers');
  mkdirSync(answers, { mode: 0o700 });
  writeFileSync(join(answers, 'passphrase'), `${passphrase}\n`);
  writeFileSync(join(answers, 'password'), `${account.password}\n`);
  const askpass = world.program(
    'askpass',
    `#!/bin/sh\ncase "$1" in Master*) exec cat '${answers}/password' ;; *) exec cat '${answers}/passphrase' ;; esac\n`,
  );

  const traceFiles: string[] = [];
  const seen = (command: readonly string[]): readonly string[] => {
    if (!trace) return command;
    const file = join(folder, `trace-${traceFiles.length}`);
    traceFiles.push(file);
    return ['sh', '-c', `${WITH_CORES}; exec "$@"`, 'sh', ...traced(file, command)];
  };

  const printed: Printed[] = [];
  const env = { BW_HELPER_DEBUG: '1' };
  const asking = { ...env, BW_HELPER_ASKPASS: askpass };
  async function run(
    wanted: number,
    command: readonly string[],
    options: RunOptions = { env: asking },
  ) {
    const ran = await world.run(seen(command), options);
    const name = command.join(' ');
    printed.push({ command: name, stream: 'stdout', text: ran.stdout });
    printed.push({ command: name, stream: 'stderr', text: ran.stderr });
    if (ran.code !== wanted) throw new Error(`${name} ended with ${ran.code}: ${ran.stderr}`);
    return ran.stdout.trim();
  }
  const helper = (wanted: number, args: string, options?: RunOptions) =>
    run(wanted, ['helper', ...args.split(' ')], options);
  const setSecret = (secret: string) =>
    helper(0, 'secret set', { env: asking, input: `${account.clientId}\n${secret}\n` });

  const inTerminal = (command: readonly string[]) =>
    openTerminal({ command: seen(command), env: { ...world.env, ...env } });
  async function unlockOnTerminal(): Promise<void> {
    const terminal = inTerminal(['helper', 'unlock']);
    await terminal.sees(/Master password for .*: /);
    terminal.types(`${wrongPassword}\r`);
    await terminal.sees(/That was wrong, try again\. Master password for .*: /);
    terminal.types(`${account.password}\r`);
    await terminal.sees(/Unlocked for/);
    await terminal.exit;
    printed.push({ command: 'helper unlock', stream: 'terminal', text: terminal.text });
    await terminal.close();
  }

  async function loginOnTerminal(): Promise<void> {
    const command = ['helper', 'login', '--email', account.email];
    const terminal = inTerminal(command);
    await terminal.sees(/Master password: /);
    terminal.types(`${account.password}\r`);
    await terminal.sees(/Logged in to/);
    await terminal.exit;
    printed.push({ command: command.join(' '), stream: 'terminal', text: terminal.text });
    await terminal.close();
  }

  /** Resolves when it listens; what it gives resolves when the daemon has ended. */
  async function startDaemon(): Promise<{ ended: Promise<unknown> }> {
    const ended = run(0, ['helper', 'daemon', 'start'], { env });
    while ((await world.helper(['daemon', 'status'])).code !== 0);
    return { ended };
  }

  /** By a signal that leaves a core of what does not forbid it. */
  async function abort(pid: number | undefined): Promise<void> {
    if (pid === undefined) throw new Error('there is nothing to end');
    process.kill(pid, 'SIGABRT');
    await isOver(pid);
  }

  const first = await startDaemon();
  const sawDaemon = await seesDaemon(watcher.find, world);

  await setSecret(wrongSecret);
  await helper(16, 'login');
  await setSecret(account.clientSecret);
  await helper(0, 'login');
  await helper(0, 'status');
  await unlockOnTerminal();
  const one = await helper(0, 'get-session');
  await run(0, ['bw', 'list', 'items'], { env: { BW_SESSION: one } });
  await helper(0, 'exec -- bw list items');
  await helper(0, 'sync');
  await helper(0, 'status --json');
  await helper(0, 'lock');
  const two = await helper(0, 'get-session');
  await helper(0, 'lock');
  const fromStdin = 'get-session --password-stdin --no-input';
  await helper(12, fromStdin, { env, input: `${wrongPassword}\n` });
  const three = await helper(0, fromStdin, { env, input: `${account.password}\n` });
  await helper(0, 'answer client-secret');
  await helper(0, 'secret scrub');
  await helper(0, 'audit');
  await helper(0, 'audit --json');
  await helper(0, 'daemon logs');
  await helper(0, 'get-session --max 1s');
  const data = () => readFileSync(join(world.dataDir, 'data.json'), 'utf8');
  while (data().includes('_user_auto')) await new Promise((look) => setTimeout(look, 20));
  await helper(0, 'logout');
  await loginOnTerminal();
  const four = await helper(0, 'get-session');
  await helper(0, 'exec -- bw list items');
  await abort(world.daemonPid());
  await first.ended;
  const second = await startDaemon();
  await helper(11, 'get-session --no-input');
  await helper(0, 'logout');
  await helper(0, 'daemon stop');
  await second.ended;

  const keys = Object.entries({ one, two, three, four }).flatMap(
    ([which, key]): [string, string | Buffer][] => [
      [`session key ${which}`, key],
      [`session key ${which} as bytes`, Buffer.from(key, 'base64')],
    ],
  );
  return {
    world,
    secrets: new Map<string, string | Buffer>([
      ['client_secret', account.clientSecret],
      ['wrong client_secret', wrongSecret],
      ['master password', account.password],
      ['wrong master password', wrongPassword],
      ['passphrase', passphrase],
      ...keys,
    ]),
    printed,
    traces: traceFiles.map(readTrace),
    sawDaemon,
    find: watcher.find,
    async close() {
      await watcher.stop();
      await world.close();
      await server.close();
    },
  };
}

async function seesDaemon(find: Life['find'], world: World): Promise<boolean> {
  const needle = { name: 'home', bytes: Buffer.from(`HOME=${world.home}`) };
  const seen = await find([needle]);
  return seen.some(({ where, what }) => where === 'environ' && what.includes('daemon/main.js'));
}
