import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { showDuration } from '../../shared/duration.ts';
import { Failure, failure } from '../../shared/errors.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { harmless } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';
import { defined } from '../exec/become.ts';
import { untilGone } from '../gone.ts';
import { daemonCommand, daemonEnvironment, startDaemon } from '../start.ts';
import { requireLocked, tellStillOpen } from '../still-open.ts';

const quiet = { asking: silent, start: false };

/** `helper daemon start`: does nothing where one is running. */
export async function startCommand(context: Context): Promise<void> {
  const pid = (await running(context))?.pid;
  if (pid === undefined) await startDaemon(context);
  const now = await callDaemon(context, 'daemon.info', {}, quiet);
  context.output.say(`${pid === undefined ? 'Started' : 'Already running'}: pid ${now.pid}.`);
  tellStillOpen(context.output, now.stillOpen ?? []);
}

/**
 * `helper daemon stop`: returns when the keys are wiped, the vault is locked and it has left. Throws
 * lock-failed where it has left and could not lock.
 */
export async function stopCommand(context: Context): Promise<void> {
  const stopped = await stopDaemon(context);
  context.output.say(stopped ? 'Stopped.' : 'It was not running.');
  requireLocked(context.output, stopped?.stillOpen ?? []);
}

/** `helper daemon restart` */
export async function restartCommand(context: Context): Promise<void> {
  await stopDaemon(context);
  await startCommand(context);
}

/** `helper daemon status`: fails with daemon-not-running where there is none. */
export async function daemonStatus(context: Context): Promise<void> {
  const {
    pid,
    uptimeMs,
    live,
    stillOpen = [],
  } = await callDaemon(context, 'daemon.info', {}, quiet);
  const session = live ? 'a session is open' : 'no session';
  context.output.data(`running: pid ${pid}, up ${showDuration(uptimeMs)}, ${session}`);
  context.output.data(`socket:  ${context.paths.socket}`);
  context.output.data(`log:     ${context.paths.log}`);
  tellStillOpen(context.output, stillOpen);
}

/** `helper daemon run`: in the foreground of this terminal, for service managers and the curious. */
export function runCommand(context: Context): void {
  const [node = '', ...args] = [...daemonCommand(context), '--foreground'];
  const env = daemonEnvironment(context);
  // The same process from here on: pid, terminal and signals are the daemon's.
  if (context.platform !== 'win32') context.host.execve?.(node, [node, ...args], defined(env));
  const { status } = spawnSync(node, args, { env, stdio: 'inherit' });
  context.host.exitCode = status ?? 1;
}

/** `helper daemon logs`: the newest lines last, also those of the log that was set aside. */
export function logsCommand({ paths, output }: Context, lines: number): void {
  const now = logLines(paths.log);
  const before = now.length < lines ? logLines(`${paths.log}.1`) : [];
  const all = [...before, ...now];
  if (all.length === 0)
    throw failure('usage', {
      problem: `There is no log yet (${paths.log}); \`helper status\` says so if none can be written.`,
    });
  for (const line of all.slice(-lines)) output.data(harmless(line));
}

function logLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch (thrown) {
    const { code, name } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw failure('usage', { problem: `${file} cannot be read (${code ?? name}).` });
  }
}

async function stopDaemon(context: Context): Promise<Result<ToDaemon, 'daemon.stop'> | undefined> {
  let last: Result<ToDaemon, 'daemon.stop'>;
  try {
    last = await callDaemon(context, 'daemon.stop', {}, quiet);
  } catch (error) {
    if (error instanceof Failure && error.is('daemon-not-running')) return undefined;
    throw error;
  }
  await untilGone(context, last.pid);
  return last;
}

async function running(context: Context): Promise<{ pid: number } | undefined> {
  try {
    return await callDaemon(context, 'daemon.info', {}, quiet);
  } catch (error) {
    if (error instanceof Failure && (error.is('daemon-not-running') || error.is('daemon-gone')))
      return undefined;
    throw error;
  }
}
