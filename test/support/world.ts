/**
 * A home of its own for one test: HOME and XDG folders in a temporary place, `helper`, `bw` and `node`
 * in PATH as a user has them, and whatever was started is gone at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, clientMain } from './product.ts';

/** How a command ended, and what it printed. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface World {
  readonly folder: string;
  readonly home: string;
  /** bw's own default data folder in this home. */
  readonly dataDir: string;
  readonly runtimeDir: string;
  /** Where the daemon keeps its log, its audit and its marks. */
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Writes the settings file. */
  settings(toml: string): void;
  /** Runs a program without a terminal. */
  run(command: readonly string[], options?: RunOptions): Promise<Ran>;
  helper(args: readonly string[], options?: RunOptions): Promise<Ran>;
  bw(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** An executable in this world's PATH. */
  program(name: string, script: string): string;
  /** pid of the daemon; undefined where none runs. */
  daemonPid(): number | undefined;
  /** The same; throws where none runs, as 0 would mean the tests themselves. */
  runningPid(): number;
  /** The daemon's log so far. */
  log(): string;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Certificate and address of the loopback server, for bw and the settings. */
  readonly server?: { readonly url: string; readonly caFile: string };
  /** More lines at the top of the settings file. */
  readonly settings?: string;
  /** Few machines that run tests have one of their own. */
  readonly keychain?: 'os' | 'file';
  /** Another client than that of the build that is tested, and another Node than ours: what `helper` and `node` are. */
  readonly helper?: string;
  readonly node?: string;
  /** Which bw is in PATH; the newest by default. */
  readonly bw?: OlderBw;
}

/** Versions that can raise the challenge of a login by password. */
export type OlderBw = '2025.4.0' | '2023.12.1';

export function createWorld({
  server,
  settings = '',
  keychain = 'file',
  helper = clientMain,
  node = process.execPath,
  bw,
}: WorldOptions = {}): World {
  // Short: a socket's path may have 103 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'bwh-'));
  const [home, programs, runtimeDir] = ['home', 'bin', 'run'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [home, programs, runtimeDir]) mkdirSync(made, { mode: 0o700 });
  symlinkSync(node, join(programs, 'node'));
  symlinkSync(helper, join(programs, 'helper'));
  const bwFolder = bw
    ? join(checkout, '.ci', 'bw', 'node_modules', `bw-${bw}`)
    : join(checkout, 'node_modules', '@bitwarden', 'cli');
  const script = join(bwFolder, 'build', 'bw.js');
  symlinkSync(script, join(programs, 'bw'));

  const env: Record<string, string> = {
    HOME: home,
    PATH: `${programs}:/usr/bin:/bin`,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_RUNTIME_DIR: runtimeDir,
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
  // For the person's own bw; the daemon gets it from ca_file alone.
  if (server) env.NODE_EXTRA_CA_CERTS = server.caFile;

  const stateDir = join(home, '.local', 'state', 'bw-helper');
  const running = createRunning();
  const world: World = {
    folder,
    home,
    dataDir: join(home, '.config', 'Bitwarden CLI'),
    runtimeDir,
    stateDir,
    env,
    settings(toml) {
      const config = join(home, '.config', 'bw-helper');
      mkdirSync(config, { recursive: true, mode: 0o700 });
      writeFileSync(join(config, 'config.toml'), toml, { mode: 0o600 });
    },
    run: ([command = '', ...args], options = {}) => run(running, command, args, env, options),
    helper: (args, options = {}) => run(running, 'helper', args, env, options),
    bw: (args, options = {}) => run(running, 'bw', args, env, options),
    program(name, script) {
      const file = join(programs, name);
      writeFileSync(file, script);
      chmodSync(file, 0o755);
      return file;
    },
    daemonPid() {
      try {
        const pid = Number(readFileSync(join(runtimeDir, 'bw-helper', 'lock'), 'utf8'));
        process.kill(pid, 0);
        // Ended, and only its parent has not taken notice yet.
        const ended =
          process.platform === 'linux' &&
          /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
        return ended ? undefined : pid;
      } catch {
        return undefined;
      }
    },
    runningPid() {
      const pid = world.daemonPid();
      if (pid === undefined) throw new Error('no daemon runs');
      return pid;
    },
    log() {
      return readFileSync(join(stateDir, 'daemon.log'), 'utf8');
    },
    async close() {
      running.close();
      await run(createRunning(), 'helper', ['daemon', 'stop'], env, {});
      const left = world.daemonPid();
      if (left !== undefined) process.kill(left, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  world.settings(
    `${settings}\n[profiles.default]\nkeychain = "${keychain}"\n${server ? `server = "${server.url}"\nca_file = "${server.caFile}"\n` : ''}`,
  );
  return world;
}

/** What runs now; when it is closed, all of it ends and nothing new starts. */
function createRunning() {
  const children = new Set<ChildProcess>();
  let closed = false;
  return {
    add(child: ChildProcess) {
      children.add(child);
      child.once('exit', () => children.delete(child));
    },
    close() {
      closed = true;
      // Each leads a group of its own.
      for (const { pid } of children) if (pid) process.kill(-pid, 'SIGKILL');
    },
    get closed() {
      return closed;
    },
  };
}

function run(
  running: ReturnType<typeof createRunning>,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { input = '', env: more = {}, cwd }: RunOptions,
): Promise<Ran> {
  const closed = () => new Error('This world is closed');
  if (running.closed) return Promise.reject(closed());
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...env, ...more },
      // A session of its own: no terminal, as under cron.
      detached: true,
      ...(cwd && { cwd }),
    });
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      running.closed ? reject(closed()) : resolve({ code, signal, stdout, stderr }),
    );
    child.stdin.on('error', () => {}).end(input);
  });
}
