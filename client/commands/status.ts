import { showDuration } from '../../shared/duration.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { printable } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';

const CURE = '`helper secret scrub` takes it out';

type Status = Result<ToDaemon, 'session.status'>;

/** `helper status [--json]`: what stands, without renewing anything. */
export async function status(context: Context, json: boolean): Promise<void> {
  const now = await callDaemon(context, 'session.status', {}, { asking: silent, start: true });
  if (json) return context.output.data(JSON.stringify(now, null, 2));
  for (const [name, value] of describe(now))
    context.output.data(`${name.padEnd(10)}${printable(value)}`);
}

function describe(now: Status): [string, string][] {
  const lines: [string, string][] = [['state', now.state]];
  if (now.session)
    lines.push([
      'session',
      `ends in ${showDuration(now.session.maxLeftMs)}, or after ${showDuration(now.session.idleLeftMs)} without use`,
    ]);
  if (now.account) lines.push(['account', `${now.account} (login by ${now.login})`]);
  if (now.server) lines.push(['server', now.server]);
  lines.push(['data', now.dataDir]);
  const { stored, locked, where } = now.keychain;
  lines.push([
    'secret',
    `${stored ? 'stored in' : 'not stored; it would go to'} ${where}${locked && stored ? ' (locked)' : ''}`,
  ]);
  lines.push(['daemon', `pid ${now.daemon.pid}, up ${showDuration(now.daemon.uptimeMs)}`]);
  if (now.clientSecretAtRest)
    lines.push(
      now.apiKeyAtRest === 'bw'
        ? ['at rest', 'data.json holds the client_secret in clear, as the settings want it']
        : ['problem', `data.json holds the client_secret in clear; ${CURE}`],
    );
  for (const problem of now.problems) lines.push(['problem', problem]);
  return lines;
}
