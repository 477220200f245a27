/** The commands of `helper secret` and `helper answer`, and what they take. */
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { answer } from './answer.ts';
import { asking, askingOf, type Flags } from './options.ts';
import { deleteSecret, moveSecret, scrubSecret, secretStatus, setSecret } from './secret.ts';

export function addSecret(helper: Command, context: Context): void {
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
  asking(
    secret
      .command('scrub')
      .description('take client_secret out of data.json, once it is in the keychain'),
  )
    .option('--force', 'also where the keychain holds another one')
    .action(({ force = false, ...flags }: Flags & { force?: boolean }) =>
      scrubSecret(context, force, askingOf(flags)),
    );
  asking(secret.command('delete').description('remove it')).action((flags: Flags) =>
    deleteSecret(context, askingOf(flags)),
  );
}

export function addAnswer(helper: Command, context: Context): void {
  const group = helper
    .command('answer')
    .description('print a stored value, for scripts that must have it');
  for (const what of ['client-id', 'client-secret'] as const)
    asking(group.command(what).description(`print ${what.replace('-', '_')}`))
      .option('--force', 'on a terminal too')
      .action(({ force = false, ...flags }: Flags & { force?: boolean }) =>
        answer(context, what, force, askingOf(flags)),
      );
}
