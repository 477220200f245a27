import type { Secret } from '../../shared/secret.ts';

/** How one master password reaches one bw: parts of that run's arguments, stdin and environment. */
export interface HandOver {
  readonly args: readonly string[];
  readonly input?: Secret;
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * On POSIX by stdin, which nobody can read from outside. Windows has no `/dev/stdin`: there the
 * password is in the environment of that one child, under a name that is `random` (letters and
 * digits, another each time), so that no other program knows where to look.
 *
 * `--passwordfile` also keeps bw from trying the desktop app's biometrics first (read in 2026.9.0).
 */
export function handOver(
  password: Secret,
  platform: NodeJS.Platform,
  random: () => string,
): HandOver {
  if (platform !== 'win32') return { args: ['--passwordfile', '/dev/stdin'], input: password };
  const name = `BWH_${random()}`;
  return { args: ['--passwordenv', name], extra: { [name]: password.reveal() } };
}
