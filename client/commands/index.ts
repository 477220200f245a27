/** Lists every command with its options. The hot path never loads this file. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DURATION_HINT, parseDuration } from '../../shared/duration.ts';
import { failure } from '../../shared/errors.ts';
import type { Asking, Context } from '../context.ts';
import { login, logout, sync } from './account.ts';
import * as daemon from './daemon.ts';
import { getSession } from './get-session.ts';
import { lock } from './lock.ts';
import { loginByPassword } from './login-by-password.ts';
import { deleteSecret, moveSecret, secretStatus, setSecret } from './secret.ts';
import { status } from './status.ts';
import { unlock } from './unlock.ts';

interface Flags {
  readonly input: boolean;
  readonly passwordStdin?: boolean;
  readonly idle?: number;
  readonly max?: number;
  readonly wait?: number;
}

interface LoginFlags extends Flags {
  readonly email?: string;
  readonly sso?: string | true;
  readonly method?: string;
  readonly code?: string;
}

/** Parses the arguments and runs one command. Throws its Failure, or `usage`. */
export async function runCommand(
  context: Context,
  args: readonly string[],
  version: string,
): Promise<void> {
  let aside = '';
  const setAside = (text: string) => {
    aside += text;
  };
  try {
    await program(context, version, setAside).parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are printed already.
    if (error.exitCode === 0) return;
    // `helper daemon` without one of its commands.
    if (error.code === 'commander.help') return context.output.data(aside.trimEnd());
    throw failure('usage', { problem: usageProblem(error.message) });
  }
}

function program(context: Context, version: string, writeErr: (text: string) => void): Command {
  const helper = new Command('helper')
    .description('An agent for the Bitwarden CLI: one session for all your terminals and scripts.')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    // Its own words go through `usage`, so that every failure looks the same.
    .configureOutput({
      writeOut: (text) => context.output.data(text.trimEnd()),
      writeErr,
    })
    .addHelpText('after', EXAMPLES);

  unlocking(
    helper.command('get-session').description('print the session key; ask only if needed'),
  ).action((flags: Flags) => getSession(context, wantedOf(flags), askingOf(flags)));
  unlocking(
    helper.command('unlock').description('open the session without printing its key'),
  ).action((flags: Flags) => unlock(context, wantedOf(flags), askingOf(flags)));
  helper
    .command('lock')
    .description('end the session, everywhere')
    .action(() => lock(context));
  helper
    .command('status')
    .description('show what stands; renews nothing')
    .option('--json', 'as JSON')
    .action(({ json = false }: { json?: boolean }) => status(context, json));
  addLogin(helper, context);
  asking(helper.command('logout').description('end the session and log bw out')).action(
    (flags: Flags) => logout(context, askingOf(flags)),
  );
  asking(helper.command('sync').description('fetch the vault from the server')).action(
    (flags: Flags) => sync(context, askingOf(flags)),
  );
  addSecret(helper, context);
  addDaemon(helper, context);
  return helper;
}

function addLogin(helper: Command, context: Context): void {
  asking(
    helper
      .command('login')
      .description('log bw in with the stored API key, or by password with --email or --sso')
      .argument('[bw-options...]', 'after --: for `bw login`, as they are')
      .option('--email <address>', 'by password; bw asks for it on this terminal')
      .option('--sso [identifier]', 'by single sign-on, in a browser')
      .option('--method <number>', 'of two-step login, as bw numbers them')
      .option('--code <code>', 'of two-step login; others can see it in the list of processes')
      .option('--password-stdin', 'the master password is the first line of stdin'),
  ).action((rest: string[], flags: LoginFlags) => {
    const { email, sso, method, code } = flags;
    if (email?.startsWith('-') || /\s/.test(email ?? ''))
      throw failure('usage', { problem: '--email must be an email address.' });
    const args = [
      ...(sso === undefined ? [] : sso === true ? ['--sso'] : ['--sso', sso]),
      ...(method === undefined ? [] : ['--method', method]),
      ...(code === undefined ? [] : ['--code', code]),
      ...rest,
    ];
    const byPassword = email !== undefined || flags.passwordStdin || args.length > 0;
    return byPassword
      ? loginByPassword(context, { email, args }, askingOf(flags))
      : login(context, askingOf(flags));
  });
}

function addSecret(helper: Command, context: Context): void {
  const secret = helper.command('secret').description('the API key in the keychain');
  asking(
    secret
      .command('set')
      .description('store client_id and client_secret (prompts, or two lines of stdin)'),
  ).action((flags: Flags) => setSecret(context, askingOf(flags)));
  secret
    .command('status')
    .description('tell whether it is stored')
    .action(() => secretStatus(context));
  asking(
    secret
      .command('move')
      .description('take it from one keychain to the other')
      .addOption(
        new Option('--to <keychain>', "the system's own, or the encrypted file")
          .choices(['os', 'file'])
          .makeOptionMandatory(),
      ),
  ).action((flags: Flags & { to: 'os' | 'file' }) =>
    moveSecret(context, flags.to, askingOf(flags)),
  );
  asking(secret.command('delete').description('remove it')).action((flags: Flags) =>
    deleteSecret(context, askingOf(flags)),
  );
}

function addDaemon(helper: Command, context: Context): void {
  const group = helper.command('daemon').description('the background process; started when needed');
  group
    .command('run')
    .description('run it in this terminal')
    .action(() => daemon.runCommand(context));
  group
    .command('start')
    .description('start it')
    .action(() => daemon.startCommand(context));
  group
    .command('stop')
    .description('lock, wipe, and end it')
    .action(() => daemon.stopCommand(context));
  group
    .command('restart')
    .description('stop, then start')
    .action(() => daemon.restartCommand(context));
  group
    .command('status')
    .description('tell whether it runs')
    .action(() => daemon.daemonStatus(context));
  group
    .command('logs')
    .description('show its log')
    .option('-n, --lines <count>', 'how many lines', positive, 200)
    .action(({ lines }: { lines: number }) => daemon.logsCommand(context, lines));
}

function asking(command: Command): Command {
  return command.option('--no-input', 'never ask anybody; fail instead');
}

function unlocking(command: Command): Command {
  return asking(command)
    .addOption(new Option('--password-stdin', 'the master password is the first line of stdin'))
    .option('--idle <time>', 'end the session when it is not used for this long', duration)
    .option('--max <time>', 'end the session after this long in any case', duration)
    .option('--wait <time>', 'if nobody can be asked here, wait for an unlock elsewhere', duration);
}

function wantedOf({ idle, max, wait }: Flags) {
  return {
    ...(idle !== undefined && { idleMs: idle }),
    ...(max !== undefined && { maxMs: max }),
    ...(wait !== undefined && { waitMs: wait }),
  };
}

function askingOf({ input, passwordStdin = false }: Flags): Asking {
  return { input, passwordStdin };
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${DURATION_HINT}.`);
  return ms;
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number above 0.');
  return Number(text);
}

function usageProblem(message: string): string {
  const sentence = message.replace(/^error: /, '');
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

const EXAMPLES = `
Everyday use:
  helper secret set                                store the API key once
  helper login                                     log bw in with it
  export BW_SESSION="$(helper get-session)"        in any terminal or script
  BW_SESSION="$(helper get-session)" bw list items
  helper lock`;
