/** What stands for one profile: asks nobody, renews nothing. */
import { Failure, toFailure } from '../shared/errors.ts';
import type { Result, ToDaemon } from '../shared/protocol.ts';
import type { ChosenKeychain } from './keychain/chosen.ts';
import type { Sessions } from './sessions.ts';
import type { ProfileSettings } from './settings/settings.ts';
import type { DataFile } from './vault/data-file.ts';
import { type Account, DEFAULT_SERVER, sameServer } from './vault/layout.ts';
import { STRANGER, unknownLayout } from './who.ts';

export type Status = Omit<Result<ToDaemon, 'session.status'>, 'daemon'>;

export interface StatusParts {
  readonly name: string;
  readonly dataFile: Pick<DataFile, 'folder' | 'file'>;
  /** Who is logged in, or STRANGER. */
  readonly account: () => Promise<Account | undefined>;
  readonly sessions: Sessions;
  readonly keychain: ChosenKeychain;
  readonly settings: () => ProfileSettings;
  /** Sentences about what did not work in the background. */
  readonly problems: () => (string | undefined)[];
}

export async function statusOf(parts: StatusParts): Promise<Status> {
  const { name, dataFile, sessions, keychain, settings } = parts;
  const key = await sessions.peek();
  const found = await parts.account();
  const who = found === STRANGER ? undefined : found;
  const left = key && sessions.left();
  const stored = await keychain.status(name).catch(toFailure);
  const broken = stored instanceof Failure;
  return {
    profile: name,
    state: left ? 'unlocked' : found ? 'locked' : 'logged-out',
    dataDir: dataFile.folder,
    ...(who && {
      account: who.email,
      server: who.server ?? DEFAULT_SERVER,
      login: who.apiKey ? ('api-key' as const) : ('password' as const),
    }),
    clientSecretAtRest: who?.clientSecretAtRest ?? false,
    apiKeyAtRest: settings().apiKeyAtRest,
    ...(left && { session: left }),
    keychain: {
      kind: keychain.kind,
      ...(broken ? { stored: false, locked: true, where: '' } : stored),
    },
    problems: [
      found === STRANGER ? unknownLayout(dataFile.file).message : undefined,
      who && otherServer(who, settings().server),
      who && otherAccount(who, settings().email),
      broken ? stored.message : stored.problem,
      ...parts.problems(),
    ].filter((text) => text !== undefined),
  };
}

/** A server in the settings counts for the next login, as bw keeps the one it is logged in to. */
function otherServer({ server = DEFAULT_SERVER }: Account, wanted: string | undefined) {
  if (wanted === undefined || sameServer(server, wanted)) return undefined;
  return `the settings name ${wanted}, and bw is logged in to ${server}: run \`helper logout\`, then \`helper login\``;
}

function otherAccount({ email }: Account, wanted: string | undefined) {
  if (wanted === undefined || wanted.toLowerCase() === email.toLowerCase()) return undefined;
  return `the settings name ${wanted}, and bw is logged in as ${email}`;
}
