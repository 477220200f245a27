/**
 * The variables that pass from process to process here: from client to daemon, from daemon to bw.
 * Everything else stays behind: BW_SESSION and BW_CLIENTSECRET, NODE_OPTIONS and LD_PRELOAD, and
 * whatever the first client happened to have.
 */

/** A process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

const POSIX =
  /^(HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS)$/;

// Without SystemRoot no Windows program finds its own libraries; the rest are a person's folders.
const WINDOWS =
  /^(SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERNAME|USERDOMAIN|USERPROFILE|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|PROGRAMDATA|TEMP|TMP|LANG|TZ)$/i;

/** The part of `env` that may be handed on. PATH is not in it: each program gets one made for it. */
export function allowed(env: Environment, platform: NodeJS.Platform): Record<string, string> {
  const passes = platform === 'win32' ? WINDOWS : POSIX;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && passes.test(name)) kept[name] = value;
  return kept;
}

/**
 * The folders of a PATH variable. Relative entries (and the empty one, which means "here") are left
 * out: they would run whatever lies in the folder where the first client happened to stand.
 */
export function pathFolders(path: string, platform: NodeJS.Platform): string[] {
  return platform === 'win32'
    ? path.split(';').filter((entry) => /^[a-z]:[\\/]|^\\\\/i.test(entry))
    : path.split(':').filter((entry) => entry.startsWith('/'));
}

/** PATH of an environment; Windows also writes it `Path`. Empty where there is none. */
export function pathVariable(env: Environment, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return env.PATH ?? '';
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH');
  return (name && env[name]) ?? '';
}
