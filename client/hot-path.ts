/** Recognises the hot command, so that it loads no option parser. */

const OPTION = '--profile';

/** What `get-session` names with nothing but `--profile`, before or after it; undefined for any other command. */
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
