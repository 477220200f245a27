import { showDuration } from '../../shared/duration.ts';
import { failure } from '../../shared/errors.ts';
import { DEFAULT_PROFILE } from '../../shared/profile-name.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { printable, shownJson } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';
import { chooseProfile, requireName } from '../profile-option.ts';
import { terminalState } from '../prompt/terminal-state.ts';

type Profile = Result<ToDaemon, 'profile.list'>['profiles'][number];

/** Every profile of the settings, whichever the person has chosen here. */
export async function listProfiles(context: Context): Promise<readonly Profile[]> {
  const call = { asking: silent, start: true };
  return (await callDaemon(context, 'profile.list', {}, call)).profiles;
}

/** `helper profile list`: one line each. */
export async function profileList(context: Context, json: boolean): Promise<void> {
  const profiles = await listProfiles(context);
  if (json) return context.output.data(shownJson(profiles, 2));
  const widest = Math.max(...profiles.map(({ name }) => name.length));
  for (const { name, live, server = 'the server that bw is set to', email } of profiles) {
    const state = live ? 'unlocked' : '-';
    const rest = printable(email ? `${server} (${email})` : server);
    context.output.data(`${name.padEnd(widest)}  ${state.padEnd(8)}  ${rest}`);
  }
}

/** `helper profile show [NAME]`: what is set for it, and what follows from that. */
export async function profileShow(
  context: Context,
  named: string | undefined,
  json: boolean,
): Promise<void> {
  const found = await findProfile(context, chooseProfile(named ?? context.profile, context.env));
  if (json) return context.output.data(shownJson(found, 2));
  for (const [label, value] of describe(found))
    context.output.data(`${label.padEnd(10)}${printable(value)}`);
}

async function findProfile(context: Context, name: string): Promise<Profile> {
  const profiles = await listProfiles(context);
  const found = profiles.find((one) => one.name === name);
  if (found) return found;
  const known = profiles.map((one) => one.name).join(', ');
  throw failure('profile-unknown', { profile: name, known });
}

function describe(profile: Profile): [string, string][] {
  const { name, server, email, caFile, proxy, dataDir, keychain, idleMs, maxMs } = profile;
  const lines: [string, string | undefined][] = [
    ['profile', name],
    ['server', server ?? 'the one that bw is set to'],
    ['ca_file', caFile],
    ['proxy', proxy],
    ['email', email],
    ['data_dir', dataDir],
    ['keychain', keychain],
    ['idle', showDuration(idleMs)],
    ['max', showDuration(maxMs)],
  ];
  return lines.filter((line): line is [string, string] => line[1] !== undefined);
}

/** Keys and values as they will stand in the settings file. */
export type Wanted = Readonly<Record<string, string>>;

/** `helper profile add NAME`: writes it into the settings file. */
export async function profileAdd(context: Context, name: string, wanted: Wanted): Promise<void> {
  const { output } = context;
  requireName(name);
  const call = { asking: silent, start: true };
  const added = await callDaemon(context, 'profile.add', { name, set: wanted }, call);
  output.say(`Added ${name} to ${added.settings}; its data is in ${added.dataDir}.`);
  output.say(
    added.stored
      ? `An API key of an earlier profile ${name} is stored; \`helper --profile ${name} secret delete\` forgets it.`
      : `Now run \`helper --profile ${name} secret set\`, then \`helper --profile ${name} login\`.`,
  );
}

/** `helper profile remove NAME`: asks first, unless it is forced. */
export async function profileRemove(context: Context, name: string, force: boolean): Promise<void> {
  const { output } = context;
  requireName(name);
  const asking = { input: true, passwordStdin: false };
  const { dataDir } = await findProfile(context, name);
  // The default one cannot be removed: nothing is to be asked.
  const asks = !force && name !== DEFAULT_PROFILE;
  if (asks && !(await agreed(context, name, dataDir))) throw failure('prompt-cancelled');
  const call = { asking, start: true };
  const { kept, settings } = await callDaemon(context, 'profile.remove', { name }, call);
  output.say(`Removed ${name} from ${settings}, and its API key from the keychain.`);
  if (kept)
    output.say(
      `${printable(kept)} stays as it is; \`bw logout\` in it ends what bw is logged in to.`,
    );
}

async function agreed(context: Context, name: string, dataDir: string): Promise<boolean> {
  // An askpass program gives secrets and no consent.
  if (terminalState(context.host).state !== 'ready')
    throw failure('usage', {
      problem: 'Nobody can be asked here; --force removes without asking.',
    });
  const { createTerminal } = await import('../prompt/terminal.ts');
  const prompt = printable(
    `Remove the profile ${name}, its API key, and what bw-helper keeps for it (${dataDir})?`,
  );
  return createTerminal(context.host).confirm({ prompt }, new AbortController().signal);
}
