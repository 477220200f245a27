/**
 * Runs one bw to its end: own process group, deadline, bounded output, nothing left behind.
 * What bw's words mean is decided in outcome.ts.
 */
import type { ChildProcessByStdio, spawn as nodeSpawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { type Failure, failure, toFailure } from '../../shared/errors.ts';
import { SECRET_BYTES } from '../../shared/limits.ts';
import { Secret } from '../../shared/secret.ts';
import type { Clock } from '../system/clock.ts';
import { killGroup } from '../system/kill-group.ts';
import { collect } from './collect.ts';
import type { BwProgram } from './locate.ts';
import type { Pipe } from './pipe.ts';

/** A session key has 88 bytes, `bw status` some hundred; 64 KiB of stderr hold any last words. */
const KEPT = { stdoutBytes: 1024 * 1024, stderrBytes: 64 * 1024 };
/** Beyond this much on one stream it is no bw that we know; it is killed. */
const FLOOD_BYTES = 64 * 1024 * 1024;
/** Between SIGTERM, at which bw can remove its lock folder `data.json.lock`, and SIGKILL. */
const GRACE_MS = 2_000;
/** How long output may stay open after the group was killed: whoever left the group may hold it. */
const DRAIN_MS = 1_000;

/** How one run of bw ended. What it wrote is foreign text, and may hold secrets. */
export interface BwResult {
  /** null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first MiB; a session key after `unlock` and `login`. */
  readonly stdout: Secret;
  /** The last 64 KiB. Never log it: old versions echo a typed client_secret here. */
  readonly stderr: string;
  /** Why it was stopped from here; undefined where it ended by itself. */
  readonly stopped: 'deadline' | 'aborted' | 'flood' | undefined;
  readonly durationMs: number;
}

export interface RunOptions {
  /** The whole environment, from bwEnvironment. */
  readonly env: Readonly<Record<string, string>>;
  /** All of stdin, for `--passwordfile /dev/stdin`; without it stdin is empty. */
  readonly input?: Secret | undefined;
  readonly deadlineMs: number;
  /** Stops it early, for instance when the daemon leaves. */
  readonly signal?: AbortSignal | undefined;
}

/** What a runner is made of. */
export interface RunnerParts {
  readonly spawn: typeof nodeSpawn;
  /** process.kill: a negative id means a whole group. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** A true pipe for stdin where the system needs one, from loadPipe. */
  readonly openPipe: (() => Pipe) | undefined;
}

/**
 * Runs a bw and tells how it ended, whatever the exit code. Rejects only where it cannot be started:
 * bw-not-found, bw-refused, bw-failed, too-many-files.
 */
export type Run = (
  program: Pick<BwProgram, 'command' | 'prefix' | 'file'>,
  args: readonly string[],
  options: RunOptions,
) => Promise<BwResult>;

export function createRunner(parts: RunnerParts): Run {
  const { clock } = parts;
  return async (program, args, { env, input, deadlineMs, signal }) => {
    if (signal?.aborted) return neverStarted();
    const startedMs = clock.monotonicMs();
    const child = await start(
      parts,
      [program.command, ...program.prefix, ...args],
      env,
      input,
    ).catch((error: unknown) => {
      throw whyNotStarted(error, program.file, args[0] ?? '');
    });
    let stopped: BwResult['stopped'];
    let cancelKill = () => {};
    const stop = (why: BwResult['stopped']) => {
      if (stopped) return;
      stopped = why;
      // What floods is not asked: reading on until it listens would stall everything else here.
      killGroup(parts, child, why === 'flood' ? 'SIGKILL' : 'SIGTERM');
      cancelKill = clock.after(GRACE_MS, () => killGroup(parts, child, 'SIGKILL'));
    };
    const onAbort = () => stop('aborted');
    const onFlood = () => stop('flood');
    const bounds = { floodBytes: FLOOD_BYTES };
    const stdout = collect(
      child.stdout,
      { ...bounds, keepBytes: KEPT.stdoutBytes, part: 'first' },
      onFlood,
    );
    const stderr = collect(
      child.stderr,
      { ...bounds, keepBytes: KEPT.stderrBytes, part: 'last' },
      onFlood,
    );
    const cancelDeadline = clock.after(deadlineMs, () => stop('deadline'));
    signal?.addEventListener('abort', onAbort);

    const end = await ended(parts, child, () => {
      cancelDeadline();
      cancelKill();
      signal?.removeEventListener('abort', onAbort);
    });
    return {
      ...end,
      stdout: new Secret(stdout()),
      stderr: stderr().toString('utf8'),
      stopped,
      durationMs: clock.monotonicMs() - startedMs,
    };
  };
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** Starts it with the whole of `input` waiting in its stdin. Rejects with what spawn says. */
async function start(
  { spawn, platform, openPipe }: RunnerParts,
  [command = '', ...args]: string[],
  env: RunOptions['env'],
  input: Secret | undefined,
): Promise<Child> {
  const pipe = input && openPipe?.();
  try {
    // A new pipe takes at least 4096 bytes, so that this never waits for a reader.
    if (pipe) writeSync(pipe.write, input.bytes().subarray(0, SECRET_BYTES));
    if (pipe) closeSync(pipe.write);
    const child = spawn(command, args, {
      // Node hands NODE_V8_COVERAGE to every child unless it is named here (seen with Node 24).
      env: { ...env, NODE_V8_COVERAGE: undefined },
      stdio: [pipe?.read ?? (input ? 'pipe' : 'ignore'), 'pipe', 'pipe'],
      // A group and session of its own: no terminal, and it can be killed with all it started.
      detached: platform !== 'win32',
      windowsHide: true,
    }) as Child;
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // It may end without reading: that is no failure of ours.
    child.stdin?.on('error', () => {}).end(input?.bytes());
    return child;
  } finally {
    if (pipe) closeSync(pipe.read);
  }
}

/** Resolves when it has ended and its output is complete; `atExit` is called as soon as it ends. */
function ended(
  parts: RunnerParts,
  child: Child,
  atExit: () => void,
): Promise<Pick<BwResult, 'exitCode' | 'signal'>> {
  return new Promise((resolve) => {
    let cancelDrain = () => {};
    child.once('exit', () => {
      atExit();
      // Grandchildren go too. Done at once: while one of them lives the group's id is not given anew.
      killGroup(parts, child, 'SIGKILL');
      cancelDrain = parts.clock.after(DRAIN_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.once('close', (exitCode, signal) => {
      cancelDrain();
      resolve({ exitCode, signal });
    });
  });
}

function neverStarted(): BwResult {
  const stdout = new Secret('');
  return { exitCode: null, signal: null, stdout, stderr: '', stopped: 'aborted', durationMs: 0 };
}

function whyNotStarted(error: unknown, file: string, command: string): Failure {
  const reason = toFailure(error);
  if (reason.is('too-many-files')) return reason;
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return failure('bw-not-found');
  if (code === 'EACCES' || code === 'ENOEXEC' || code === 'EPERM')
    return failure('bw-refused', { file, problem: `the system does not run it (${code})` });
  return failure('bw-failed', { command, problem: `it could not be started (${code})` });
}
