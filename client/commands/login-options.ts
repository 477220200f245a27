/** `helper login` and what it takes: by the stored API key, or by password. */
import type { Command } from 'commander';
import { failure } from '../../shared/errors.ts';
import type { Context } from '../context.ts';
import { login } from './account.ts';
import { loginByPassword } from './login-by-password.ts';
import { asking, askingOf, type Flags } from './options.ts';

interface LoginFlags extends Flags {
  readonly email?: string;
  readonly sso?: string | true;
  readonly method?: string;
  readonly code?: string;
}

/** As the protocol has it: no option of bw's, and not empty, as an unset variable makes it. */
const EMAIL = /^[^\s-]\S{0,255}$/;

export function addLogin(helper: Command, context: Context): void {
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
    if (email !== undefined && !EMAIL.test(email))
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
