import { posix, win32 } from 'node:path';
import { finished } from 'node:stream/promises';
import { failure } from '../../shared/errors.ts';
import type { Params, ToDaemon } from '../../shared/protocol.ts';
import { callDaemon } from '../connect.ts';
import { type Asking, type Context, silent } from '../context.ts';
import { become, defined, ENV } from '../exec/become.ts';
import { findCommand } from '../exec/find.ts';
import { forward } from '../exec/forward.ts';
import { chooseProfile } from '../profile-option.ts';
import { firstLineOf } from '../prompt/first-line.ts';
import { sync } from './account.ts';
import { sessionKey } from './get-session.ts';

/**
 * `helper exec [--] CMD…`: runs the command with BW_SESSION in its environment alone. On POSIX this
 * process becomes the command, so that nothing of ours is between it and whoever started it, and so
 * that its pid is the one by which the daemon holds the session.
 */
export async function exec(
  context: Context,
  command: readonly string[],
  wanted: Params<ToDaemon, 'session.exec'>,
  asking: Asking,
): Promise<void> {
  const onWindows = context.platform === 'win32';
  // Before anybody is asked for a password.
  const [name = ''] = command;
  const file = findCommand(name, context);
  if (!onWindows) {
    requireUtf8(command);
    findCommand(ENV, context);
  }
  if (await isForSync(context, command)) {
    context.output.say('helper: after a login by API key `bw sync` cannot; running `helper sync`.');
    return await sync(context, asking);
  }
  const session = await openSession(context, wanted, asking);
  const start = { file, command, env: { ...defined(context.env), ...session } };
  if (!onWindows) become(context, start);
  context.host.exitCode = await forward(context.host, start);
}

/** What the command gets in its environment. */
async function openSession(
  context: Context,
  wanted: Params<ToDaemon, 'session.exec'>,
  asking: Asking,
): Promise<Record<string, string>> {
  const stdin = asking.passwordStdin ? firstLineOf(0) : undefined;
  // It is read in any case, see below.
  if (stdin) await context.memory.hide();
  const { key, dataDir } = await callDaemon(
    { ...context, ...(stdin && { stdin }) },
    'session.exec',
    wanted,
    { asking, start: true },
  );
  // Asked for or not: the command never finds the password in its own stdin.
  if (stdin && !stdin.isTTY) await finished(stdin.resume()).catch(() => {});
  const profile = chooseProfile(context.profile, context.env);
  return {
    BW_SESSION: sessionKey(key),
    ...(dataDir !== context.paths.bwDefault && { BITWARDENCLI_APPDATA_DIR: dataDir }),
    // So that a helper in there means this vault, too.
    ...(profile !== chooseProfile(undefined, context.env) && { BW_HELPER_PROFILE: profile }),
  };
}

/** What leaves `bw sync` the same; bw takes it in any place. */
const QUIET_OPTION = /^(-f|--force|--nointeraction|--quiet|--pretty)$/;

/**
 * After an API-key login bw's own sync fails where data.json holds no client_secret. Options that make
 * bw do something else (--last, --help) stay bw's affair.
 */
async function isForSync(
  context: Context,
  [name = '', ...words]: readonly string[],
): Promise<boolean> {
  const { basename } = context.platform === 'win32' ? win32 : posix;
  if (basename(name).replace(/\.(cmd|exe)$/i, '') !== 'bw') return false;
  const [verb, ...others] = words.filter((word) => !QUIET_OPTION.test(word));
  if (verb !== 'sync' || others.length > 0) return false;
  const { login, clientSecretAtRest, apiKeyAtRest } = await callDaemon(
    context,
    'session.status',
    {},
    { asking: silent, start: true },
  );
  return login === 'api-key' && !(clientSecretAtRest && apiKeyAtRest === 'bw');
}

// Node reads arguments as UTF-8 and knows no way back: another file would be meant.
function requireUtf8(command: readonly string[]): void {
  if (command.some((word) => word.includes('\ufffd')))
    throw failure('usage', { problem: 'The command has a word that is not UTF-8.' });
}
