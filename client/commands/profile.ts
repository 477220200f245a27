import { showDuration } from '../../shared/duration.ts';
import { failure } from '../../shared/errors.ts';
import type { Result, ToDaemon } from '../../shared/protocol.ts';
import { printable } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';
import { chooseProfile } from '../profile-option.ts';

type Profile = Result<ToDaemon, 'profile.list'>['profiles'][number];

/** Every profile of the settings, whichever the person has chosen here. */
export async function listProfiles(context: Context): Promise<readonly Profile[]> {
  const call = { asking: silent, start: true };
  return (await callDaemon(context, 'profile.list', {}, call)).profiles;
}

/** `helper profile list`: one line each. */
export async function profileList(context: Context, json: boolean): Promise<void> {
  const profiles = await listProfiles(context);
  if (json) return context.output.data(JSON.stringify(profiles, null, 2));
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
  const name = chooseProfile(named ?? context.profile, context.env);
  const profiles = await listProfiles(context);
  const found = profiles.find((one) => one.name === name);
  if (!found) {
    const known = profiles.map((one) => one.name).join(', ');
    throw failure('profile-unknown', { profile: name, known });
  }
  if (json) return context.output.data(JSON.stringify(found, null, 2));
  for (const [label, value] of describe(found))
    context.output.data(`${label.padEnd(10)}${printable(value)}`);
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
