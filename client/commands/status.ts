import { showDuration } from '../../shared/duration.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { printable } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';

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
    lines.push(['problem', `data.json holds the client_secret in clear; ${cureOf(now)}`]);
  for (const problem of now.problems) lines.push(['problem', problem]);
  return lines;
}

// What was stored in the keychain is put into a copy instead, and taken out of the file itself.
function cureOf({ keychain }: Status): string {
  return `${keychain.stored ? '' : '`helper secret set`, then '}\`helper sync\` takes it out`;
}
