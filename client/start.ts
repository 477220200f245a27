/** Starts the daemon and waits for its one ready line; its failure arrives here in words. */
import { spawn } from 'node:child_process';
import { allowed, pathFolders, pathVariable } from '../shared/environment.ts';
import { Failure, failure, toFailure } from '../shared/errors.ts';
import type { Context } from './context.ts';
import { tryConnect } from './reach.ts';

/** Longest wait for a daemon that we started ourselves: 200 starts at once take their time. */
const READY_MS = 30_000;
/** How long we look for the one that holds the lock before we try to take its place again. */
const OTHERS_READY_MS = 5_000;
/** Together longer than the 30 s after which a daemon that lost its socket leaves. */
const TRIES = 10;

/**
 * A shell that ends at once, so that the daemon is no child of ours: `helper exec` becomes a command
 * that may wait for every child it has. Its process group stays, with the daemon in it.
 */
const APART = ['/bin/sh', '-c', '"$@" &', 'sh'] as const;

/** The arguments that every daemon is run with: SIGUSR1 must open no inspector. */
export function daemonCommand(context: Context): readonly string[] {
  return [context.node, '--disable-sigusr1', context.daemonMain];
}

/**
 * Not what this client happens to have, but what every client of this user has. PATH is only looked
 * at to find bw.
 */
export function daemonEnvironment({ env, platform }: Context): Record<string, string | undefined> {
  const separator = platform === 'win32' ? ';' : ':';
  return {
    ...allowed(env, platform),
    PATH: pathFolders(pathVariable(env, platform), platform).join(separator),
    BW_HELPER_DEBUG: env.BW_HELPER_DEBUG,
    // Where systemd puts what a service is given; no secret itself.
    CREDENTIALS_DIRECTORY: env.CREDENTIALS_DIRECTORY,
    // Node hands this one to every child unless it is named (seen with Node 24).
    NODE_V8_COVERAGE: undefined,
  };
}

/** Resolves when a daemon listens: ours, or one that another client started at the same time. */
export async function startDaemon(context: Context): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1)
    if ((await startedOurs(context)) || (await othersReady(context))) return;
  throw failure('daemon-start-failed', {
    problem: 'another one holds the lock but does not listen',
  });
}

/** False where another one runs already. */
async function startedOurs(context: Context): Promise<boolean> {
  const line = await firstLine(context);
  if (line === undefined)
    throw failure('daemon-start-failed', {
      problem: `no word from it within ${READY_MS / 1_000} s`,
    });
  const row = parse(line);
  if (row === 'ready') return true;
  if (row?.name === 'daemon-running') return false;
  throw row ? new Failure(row) : failure('daemon-start-failed', { problem: line || 'it ended' });
}

/** What the daemon wrote before it closed its stdout; undefined when it said nothing in time. */
function firstLine(context: Context): Promise<string | undefined> {
  const { host, platform } = context;
  const isApart = platform !== 'win32';
  const command = daemonCommand(context);
  const [program = '', ...args] = isApart ? [...APART, ...command] : command;
  const child = spawn(program, args, {
    detached: true,
    windowsHide: true,
    cwd: '/',
    env: daemonEnvironment(context),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const left = isApart ? new Promise((ended) => child.once('exit', ended)) : child.unref();
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => {
      // It holds nothing yet, and may be past hearing a gentler signal.
      if (isApart && child.pid) host.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
      resolve(undefined);
    }, READY_MS);
    const done = async (line: string) => {
      clearTimeout(timer);
      child.stdout.destroy();
      await left;
      resolve(line);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const reason = toFailure(error);
      if (reason.is('too-many-files')) reject(reason);
      else resolve(`cannot run Node (${error.code})`);
    });
    // Node makes none where it cannot (24.21).
    if (!child.stdout) return;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) done(said.trim());
    });
    child.stdout.once('end', () => done(said.trim()));
  });
}

function parse(line: string): 'ready' | Failure['row'] | undefined {
  try {
    const { ready, error } = JSON.parse(line);
    return ready ? 'ready' : error;
  } catch {
    return undefined;
  }
}

async function othersReady(context: Context): Promise<boolean> {
  const deadline = performance.now() + OTHERS_READY_MS;
  while (performance.now() < deadline) {
    const reached = await tryConnect(context);
    if (typeof reached !== 'string') {
      reached.destroy();
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 70));
  }
  return false;
}
