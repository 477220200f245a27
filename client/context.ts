import type { Paths } from '../shared/paths.ts';
import type { Memory } from './memory.ts';
import type { Output } from './output.ts';
import type { Host } from './prompt/asker.ts';
import type { Stdin } from './prompt/stdin.ts';

/** What main.ts builds and every command gets: nothing below it touches process.* itself. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  /** `process`, for what talks to the terminal. */
  readonly host: Host;
  readonly memory: Memory;
  /** Where a password on stdin comes from, when the rest of it is for somebody else. */
  readonly stdin?: Stdin;
  readonly paths: Paths;
  readonly output: Output;
  /** What `--profile` says, as it was typed; the option parser puts it in before a command runs. */
  profile: string | undefined;
  /** The Node that runs us, and the daemon's entry beside us. */
  readonly node: string;
  readonly daemonMain: string;
}

/** What the person allows us when a secret is needed. */
export interface Asking {
  /** False with --no-input. */
  readonly input: boolean;
  /** The master password is the first line of stdin. */
  readonly passwordStdin: boolean;
  /** The daemon may have bw run on this terminal: for a login, and nothing else. */
  readonly runsBw?: boolean;
}

/** For calls that never need a secret. */
export const silent: Asking = { input: false, passwordStdin: false };
