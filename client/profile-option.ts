/** Which profile a command is about: `--profile`, else BW_HELPER_PROFILE, else `default`. */
import { failure } from '../shared/errors.ts';
import { DEFAULT_PROFILE, PROFILE_NAME, PROFILE_NAME_HINT } from '../shared/profile-name.ts';

const OPTION = '--profile';
/** Longest piece of a wrong name that is shown: what it must be has to fit behind it. */
const SHOWN_CHARACTERS = 40;

/** The name to use; `named` is what the option says. An empty variable counts as unset. Throws usage. */
export function chooseProfile(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return requireName(named ?? (env.BW_HELPER_PROFILE || DEFAULT_PROFILE));
}

/** The name itself. Throws usage where it is none. */
export function requireName(name: string): string {
  if (PROFILE_NAME.test(name)) return name;
  const shown = name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name;
  throw failure('usage', {
    problem: `"${shown}" is no name for a profile: it must be ${PROFILE_NAME_HINT}.`,
  });
}

/**
 * For the hot path, which loads no option parser: what `get-session` names with nothing but that
 * option, before or after it. undefined for any other command.
 */
export function bareGetSession(args: readonly string[]): { named?: string } | undefined {
  if (args[0] === 'get-session') return onlyProfile(args.slice(1));
  return args.at(-1) === 'get-session' ? onlyProfile(args.slice(0, -1)) : undefined;
}

function onlyProfile(args: readonly string[]): { named?: string } | undefined {
  const [first = '', second] = args;
  if (args.length === 0) return {};
  if (args.length === 1 && first.startsWith(`${OPTION}=`))
    return { named: first.slice(OPTION.length + 1) };
  if (args.length === 2 && first === OPTION && second !== undefined) return { named: second };
  return undefined;
}
