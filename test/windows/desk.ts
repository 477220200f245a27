/** A person's folders and commands on Windows, for the story. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Only bounds a hang; twenty cold clients and their unlock take 40 s on a busy machine. */
const LONGEST_MS = 180_000;

/** What main.ts tells: paths as Windows sees them. */
export interface Story {
  readonly app: string;
  readonly bw: string;
  readonly folder: string;
  readonly server: { readonly url: string; readonly caFile: string };
  readonly account: {
    readonly email: string;
    readonly password: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Desk {
  readonly env: Readonly<Record<string, string>>;
  readonly local: string;
  readonly roaming: string;
  /** bw's own default data file. */
  readonly dataFile: string;
  /** What names the pipe. */
  readonly socket: string;
  helper(args: string, options?: { input?: string; env?: Record<string, string> }): Promise<Ran>;
  bw(args: string, env?: Record<string, string>): Promise<Ran>;
  start(script: string, args: readonly string[], env?: Record<string, string>): ChildProcess;
  log(): string;
}

/** Makes the folders, the settings, and a `bw.cmd` in PATH as npm writes one. */
export function createDesk(story: Story, name: string, settings = ''): Desk {
  const home = join(story.folder, name);
  const roaming = join(home, 'AppData', 'Roaming');
  const local = join(home, 'AppData', 'Local');
  const bin = join(home, 'bin');
  for (const folder of [join(roaming, 'bw-helper'), local, bin])
    mkdirSync(folder, { recursive: true });
  const script = relative(bin, story.bw);
  writeFileSync(
    join(bin, 'bw.cmd'),
    [
      '@ECHO off',
      'GOTO start',
      ':find_dp0',
      'SET dp0=%~dp0',
      'EXIT /b',
      ':start',
      'SETLOCAL',
      'CALL :find_dp0',
      `"node"  "%dp0%\\${script}" %*`,
      '',
    ].join('\r\n'),
  );
  const { url, caFile } = story.server;
  writeFileSync(
    join(roaming, 'bw-helper', 'config.toml'),
    `${settings}\n[profiles.default]\nserver = '${url}'\nca_file = '${caFile}'\n`,
  );

  const system = process.env.SystemRoot ?? 'C:\\windows';
  const env: Record<string, string> = {
    SystemRoot: system,
    SystemDrive: process.env.SystemDrive ?? 'C:',
    USERPROFILE: home,
    APPDATA: roaming,
    LOCALAPPDATA: local,
    TEMP: process.env.TEMP ?? home,
    Path: [bin, dirname(process.execPath), join(system, 'System32'), system].join(';'),
  };
  const start: Desk['start'] = (file, args, more = {}) =>
    spawn(process.execPath, [file, ...args], { env: { ...env, ...more }, windowsHide: true });
  const client = join(story.app, 'dist', 'client', 'main.js');
  return {
    env,
    local,
    roaming,
    dataFile: join(roaming, 'Bitwarden CLI', 'data.json'),
    socket: join(local, 'bw-helper', 'run', 'socket'),
    start,
    helper: (args, { input = '', env: more = {} } = {}) =>
      finished(start(client, args.split(' '), more), input),
    bw: (args, more = {}) =>
      finished(start(story.bw, args.split(' '), { NODE_EXTRA_CA_CERTS: caFile, ...more }), ''),
    log: () => readFileSync(join(local, 'bw-helper', 'daemon.log'), 'utf8'),
  };
}

/** Its end, when its output is closed: who started a daemon must not keep it open. */
export function finished(child: ChildProcess, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => child.kill(), LONGEST_MS);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on('error', () => {}).end(input);
  });
}
