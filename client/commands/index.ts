/** Lists every command with its options. The hot path never loads this file. */
import { Command, CommanderError } from 'commander';
import { Failure, failure } from '../../shared/errors.ts';
import type { Context } from '../context.ts';
import { logout, sync } from './account.ts';
import { type AuditFlags, auditCommand } from './audit.ts';
import { addConfig } from './config-options.ts';
import { addDaemon } from './daemon-options.ts';
import { exec } from './exec.ts';
import { getSession } from './get-session.ts';
import { explain } from './help.ts';
import { lock, lockAll } from './lock.ts';
import { addLogin } from './login-options.ts';
import { asking, askingOf, type Flags, positive, unlocking, wantedOf } from './options.ts';
import { addProfile, choosing } from './profile-options.ts';
import { addAnswer, addSecret } from './secret-options.ts';
import { status, statusAll } from './status.ts';
import { unlock } from './unlock.ts';

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
  const helper = program(context, version, setAside);
  const called = followCalls(helper);
  try {
    await helper.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw pointed(error, called());
    // Help and version are printed already.
    if (error.exitCode === 0) return;
    // `helper daemon` without one of its commands.
    if (error.code === 'commander.help') return context.output.data(aside.trimEnd());
    throw pointed(failure('usage', { problem: usageProblem(error.message) }), called());
  }
}

/** The words of the command that was called last, of those at `command` and below. */
function followCalls(command: Command): () => string {
  let called = command.name();
  const follow = (above: Command, words: string) => {
    above.hook('preSubcommand', (_, below) => {
      called = `${words} ${below.name()}`;
    });
    for (const below of above.commands) follow(below, `${words} ${below.name()}`);
  };
  follow(command, called);
  return () => called;
}

/** A usage error points at the help of its own command. */
function pointed(thrown: unknown, command: string): unknown {
  if (!(thrown instanceof Failure && thrown.is('usage'))) return thrown;
  return new Failure({ ...thrown.row, next: `See \`${command} --help\`.` });
}

function program(context: Context, version: string, writeErr: (text: string) => void): Command {
  const helper = new Command('helper')
    .description('An agent for the Bitwarden CLI: one session for all your terminals and scripts.')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .helpCommand(false)
    // The options after a command's name are its own; `exec` needs that for its operands.
    .enablePositionalOptions()
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
  unlocking(
    helper
      .command('exec')
      .description("run a command with BW_SESSION in that command's environment alone")
      .usage('[options] [--] <command> [arguments...]')
      .argument('<command...>')
      .passThroughOptions(),
  ).action((command: string[], flags: Flags) =>
    exec(context, command, wantedOf(flags), askingOf(flags)),
  );
  helper
    .command('lock')
    .description('end the session, everywhere')
    .option('--all', 'those of all profiles')
    .action(({ all }: { all?: boolean }) => (all ? lockAll : lock)(context));
  helper
    .command('status')
    .description('show what stands; renews nothing')
    .option('--json', 'as JSON')
    .option('--all', 'of all profiles')
    .action(({ all, json = false }: { all?: boolean; json?: boolean }) =>
      (all ? statusAll : status)(context, json),
    );
  addLogin(helper, context);
  asking(helper.command('logout').description('end the session and log bw out')).action(
    (flags: Flags) => logout(context, askingOf(flags)),
  );
  asking(helper.command('sync').description('fetch the vault from the server')).action(
    (flags: Flags) => sync(context, askingOf(flags)),
  );
  addSecret(helper, context);
  addAnswer(helper, context);
  addProfile(helper, context);
  addConfig(helper, context);
  helper
    .command('audit')
    .description('show who got what; the newest last')
    .option('--json', 'as JSON, a line each, and all of them')
    .option('--tail <count>', 'how many lines', positive)
    .action((flags: AuditFlags) => auditCommand(context, flags));
  addDaemon(helper, context);
  helper
    .command('help [name...]')
    .description('tell about a command, or about an error by its name')
    .action((names: string[]) => explain(context, helper, names));
  choosing(helper, context);
  return helper;
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
  helper exec -- bw list items                     with it in that command alone
  helper lock`;
