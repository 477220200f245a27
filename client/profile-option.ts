/** Which profile a command is about: `--profile`, else BW_HELPER_PROFILE, else `default`. */
import { failure } from '../shared/errors.ts';
import { DEFAULT_PROFILE, PROFILE_NAME, PROFILE_NAME_HINT } from '../shared/profile-name.ts';

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
