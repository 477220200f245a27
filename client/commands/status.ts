import { showDuration } from '../../shared/duration.ts';
import { toFailure } from '../../shared/errors.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { printable, shownJson } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';
import { listProfiles } from './profile.ts';

const CURE = '`helper secret scrub` takes it out';

type Status = Result<ToDaemon, 'session.status'>;

/** `helper status [--json]`: what stands, without renewing anything. */
export async function status(context: Context, json: boolean): Promise<void> {
  const now = await statusOf(context);
  if (json) return context.output.data(shownJson(now, 2));
  print(context, describe(now));
}

/** `helper status --all`: every profile of the settings; what keeps one from telling is its problem. */
export async function statusAll(context: Context, json: boolean): Promise<void> {
  const { output } = context;
  const all: ({ profile: string } & (Status | { problems: string[] }))[] = [];
  for (const { name } of await listProfiles(context)) {
    // A terminal's BITWARDENCLI_APPDATA_DIR fits one of them at most.
    const now = await statusOf({ ...elsewhere(context), profile: name }).catch((thrown) => ({
      problems: [toFailure(thrown).message],
    }));
    all.push({ ...now, profile: name });
  }
  if (json) return output.data(shownJson(all, 2));
  for (const [i, one] of all.entries()) {
    if (i > 0) output.data('');
    print(context, [
      ['profile', one.profile],
      ...('state' in one ? describe(one) : one.problems.map(problem)),
    ]);
  }
}

function statusOf(context: Context): Promise<Status> {
  return callDaemon(context, 'session.status', {}, { asking: silent, start: true });
}

function elsewhere(context: Context): Context {
  const { BITWARDENCLI_APPDATA_DIR: _, ...env } = context.env;
  return { ...context, env };
}

function print({ output }: Context, lines: readonly Line[]): void {
  for (const [name, value] of lines) output.data(`${name.padEnd(10)}${printable(value)}`);
}

type Line = [name: string, value: string];

const problem = (text: string): Line => ['problem', text];

function describe(now: Status): Line[] {
  const lines: Line[] = [['state', now.state]];
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
        : problem(`data.json holds the client_secret in clear; ${CURE}`),
    );
  return [...lines, ...now.problems.map(problem)];
}
