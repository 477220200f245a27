/** Where things lie on each system. Pure: the system and its environment are passed in. */
import { posix, win32 } from 'node:path';

/** The facts about a system that decide where things lie. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
  /** Whether `/run/user/<uid>` is a folder of ours with mode 0700: the place a login session gets. */
  readonly hasRunUser: boolean;
}

/** Paths of bw-helper's own files. */
export interface Paths {
  /** Private (0700) folder of the socket, the lock, and staged copies; on tmpfs where there is one. */
  readonly runtime: string;
  /** What the daemon listens on; on Windows the file that names its pipe: see pipe-proof.ts. */
  readonly socket: string;
  /** Held by the one daemon for its whole life. */
  readonly lock: string;
  readonly settings: string;
  readonly log: string;
  /** Who got what; the file before it is `<audit>.1`. */
  readonly audit: string;
  /** Folder of the marks that say whose vault is open. */
  readonly open: string;
  /** The encrypted keychain file. */
  readonly keychain: string;
  /** When something was stored in the system's own keychain; no secret in it. */
  readonly keychainNotes: string;
  /** Folders for the profiles that have none of their own, by name. */
  readonly profiles: string;
  /** The folder that bw itself uses when BITWARDENCLI_APPDATA_DIR is not set. */
  readonly bwDefault: string;
}

/**
 * Finds every path for one user on one system.
 *
 * On Linux `$TMPDIR` is never looked at: cron, su and nix-shell change it, and all of them must find
 * the same daemon.
 */
export function paths(at: Surroundings): Paths {
  const { join } = at.platform === 'win32' ? win32 : posix;
  const { config, state, data } = folders(at, join);
  const runtime = runtimeFolder(at, join);
  return {
    runtime,
    socket: join(runtime, 'socket'),
    lock: join(runtime, 'lock'),
    settings: join(config, 'config.toml'),
    log: join(state, 'daemon.log'),
    audit: join(state, 'audit.jsonl'),
    open: join(state, 'open'),
    keychain: join(data, 'keychain.json'),
    keychainNotes: join(state, 'keychain-notes.json'),
    profiles: join(data, 'profiles'),
    bwDefault: bwFolder(at, join),
  };
}

type Join = (...parts: string[]) => string;

function folders(at: Surroundings, join: Join) {
  if (at.platform === 'win32') {
    const roaming = join(at.env.APPDATA || join(at.home, 'AppData', 'Roaming'), 'bw-helper');
    return { config: roaming, state: join(localData(at, join), 'bw-helper'), data: roaming };
  }
  const mac = at.platform === 'darwin';
  const support = join(at.home, 'Library', 'Application Support');
  // Each variable moves its own folder and no other.
  const folder = (variable: string, otherwise: string) =>
    join(absolute(at.env[variable]) ?? otherwise, 'bw-helper');
  return {
    config: folder('XDG_CONFIG_HOME', mac ? support : join(at.home, '.config')),
    state: folder(
      'XDG_STATE_HOME',
      mac ? join(at.home, 'Library', 'Logs') : join(at.home, '.local', 'state'),
    ),
    data: folder('XDG_DATA_HOME', mac ? support : join(at.home, '.local', 'share')),
  };
}

function runtimeFolder(at: Surroundings, join: Join): string {
  if (at.platform === 'win32') return join(localData(at, join), 'bw-helper', 'run');
  if (at.platform === 'darwin')
    return join(at.home, 'Library', 'Application Support', 'bw-helper', 'run');
  const session = absolute(at.env.XDG_RUNTIME_DIR);
  if (session) return join(session, 'bw-helper');
  if (at.hasRunUser) return join('/run/user', String(at.uid), 'bw-helper');
  return join('/tmp', `bw-helper-${at.uid}`);
}

// bw's own rule, read in the source of 2026.9.0, which takes an empty variable for an unset one. It
// resolves a relative XDG_CONFIG_HOME against its current folder; a daemon has none to go by.
function bwFolder(at: Surroundings, join: Join): string {
  if (at.platform === 'win32')
    return join(at.env.APPDATA || join(at.home, 'AppData', 'Roaming'), 'Bitwarden CLI');
  if (at.platform === 'darwin')
    return join(at.home, 'Library', 'Application Support', 'Bitwarden CLI');
  return join(absolute(at.env.XDG_CONFIG_HOME) ?? join(at.home, '.config'), 'Bitwarden CLI');
}

function localData(at: Surroundings, join: Join): string {
  return at.env.LOCALAPPDATA || join(at.home, 'AppData', 'Local');
}

// The XDG specification tells to ignore relative values.
function absolute(folder: string | undefined): string | undefined {
  return folder?.startsWith('/') ? folder : undefined;
}
