/**
 * bw's login by password. On a terminal bw asks the person itself, so the client runs it there; from
 * stdin or an askpass program comes the password alone, and bw runs here. Either way on a staged copy,
 * in the profile's queue, and while the request for it is open: a client that goes takes its login along.
 */
import { failure, toFailure } from '../shared/errors.ts';
import type { Params, ToDaemon } from '../shared/protocol.ts';
import { Secret } from '../shared/secret.ts';
import { withoutEscapes } from '../shared/text.ts';
import { untilAborted } from '../shared/until-aborted.ts';
import type { Invoke } from './bw/invoke.ts';
import { type Proof, type RefusedParts, whyRefused } from './bw/login-refused.ts';
import { sessionKey } from './bw/outcome.ts';
import type { HandOver } from './bw/password.ts';
import type { BwResult } from './bw/run.ts';
import type { Verbs } from './bw/verbs.ts';
import { type Caller, inPerson } from './caller.ts';
import { passphraseFrom } from './challenges.ts';
import type { AskPassphrase, StoredSecret } from './keychain/port.ts';
import type { Log } from './log.ts';
import type { Queue } from './queue.ts';
import type { DataFile } from './vault/data-file.ts';
import { withoutSlot } from './vault/layout.ts';
import type { Json } from './vault/layouts.ts';

/** Longest run of a bw that asks nobody, ms: as for a login by API key. */
const DEADLINE_MS = 120_000;

/** The parts that are the daemon's and no profile's. */
export interface PasswordLoginTools extends RefusedParts {
  readonly invoke: Invoke;
  readonly handOver: (password: Secret) => HandOver;
  /** Aborted when the daemon leaves. */
  readonly leaving: () => AbortSignal;
}

export interface PasswordLoginParts extends PasswordLoginTools {
  readonly dataFile: DataFile;
  readonly verbs: Pick<Verbs, 'loginBy' | 'unlock'>;
  readonly queue: Queue;
  readonly log: Log;
  /** The server of the settings. */
  readonly server: () => string | undefined;
  /** The API key that is stored. */
  readonly secret: (ask: AskPassphrase) => Promise<StoredSecret | undefined>;
}

type Wanted = Params<ToDaemon, 'account.loginByPassword'>;

/** Logs in; gives a key that was seen to open the vault, where there is one. */
export type PasswordLogin = (caller: Caller, wanted: Wanted) => Promise<Secret | undefined>;

export function createPasswordLogin(parts: PasswordLoginParts): PasswordLogin {
  const { dataFile, verbs, invoke, queue, handOver, log } = parts;
  /** Whose terminal has a bw on it now. */
  let person: Caller | undefined;

  return async (caller, wanted) => {
    const onTerminal = runsOnTerminal(caller, wanted);
    const proof = await proofFor(caller);
    const password = onTerminal ? undefined : await askPassword(caller, wanted);
    if (person) caller.waiting(person.label);
    try {
      const key = await queue(() => logIn(caller, wanted, proof, password));
      // Where that cannot be told now each use looks again.
      const verdict = key && (await dataFile.checkKey(key).catch(() => 'live' as const));
      if (key && verdict === 'live') return key;
      key?.wipe();
      // Old versions at times print a key that opens nothing; with the password there is another way.
      return password && (await queue(() => verbs.unlock(password, undefined)));
    } finally {
      password?.wipe();
      proof.stored?.clientSecret.wipe();
    }
  };

  /** A bw that cannot raise the challenge never gets the secret; without it bw asks the person itself. */
  async function proofFor(caller: Caller): Promise<Proof> {
    if (!invoke.raisesChallenge()) return {};
    try {
      return { stored: await parts.secret(passphraseFrom(caller)) };
    } catch (thrown) {
      const unavailable = toFailure(thrown);
      if (unavailable.is('prompt-cancelled') || unavailable.is('prompt-timeout')) throw unavailable;
      return { unavailable };
    }
  }

  async function logIn(
    caller: Caller,
    { email, args }: Wanted,
    proof: Proof,
    password: Secret | undefined,
  ): Promise<Secret | undefined> {
    let abandoned = false;
    const { stored, unavailable } = proof;
    // An empty one would keep bw from asking, and fail (2023.12.1, 2025.4.0).
    const extra = stored ? { BW_CLIENTSECRET: stored.clientSecret.reveal() } : {};
    const bwArgs = ['login', ...(email === undefined ? [] : [email]), '--raw'];

    async function atTerminal(folder: string): Promise<BwResult> {
      const invocation = invoke.onTerminal(folder, [...bwArgs, ...args], extra);
      const note =
        unavailable && `${unavailable.message} bw asks if the server wants client_secret.`;
      log.info('bw on a terminal', { caller: caller.pid, secret: stored !== undefined });
      person = caller;
      abandoned = true;
      try {
        const ran = await untilAborted(
          caller.runBw({ ...invocation, ...(note && { note }) }),
          parts.leaving(),
          () => failure('daemon-gone'),
        );
        abandoned = false;
        return {
          exitCode: ran.exitCode,
          signal: null,
          stdout: new Secret(ran.stdout),
          // A prompt is drawn over and over on one line.
          stderr: withoutEscapes(ran.stderr).replaceAll('\r', '\n'),
          stopped: undefined,
          durationMs: 0,
        };
      } finally {
        person = undefined;
      }
    }

    function here(folder: string, secret: Secret): Promise<BwResult> {
      const how = handOver(secret);
      return invoke.run(folder, [...bwArgs, '--nointeraction', ...how.args, ...args], {
        input: how.input,
        extra: { ...extra, ...how.extra },
        deadlineMs: DEADLINE_MS,
      });
    }

    let key: Secret | undefined;
    const login = {
      server: parts.server(),
      clientSecret: stored?.clientSecret,
      async bw(folder: string) {
        const result = await (password ? here(folder, password) : atTerminal(folder));
        // It may be the second one, where others have changed the file meanwhile.
        key?.wipe();
        key = sessionKey(result.stdout);
        result.stdout.wipe();
        await dropDeadSlot(folder, key);
        return result;
      },
      whyNot: (result: BwResult, left: Json) =>
        whyRefused(parts, { result, left, args, proof, password }),
      abandoned: () => abandoned,
    };
    try {
      await verbs.loginBy(login);
      return key;
    } catch (thrown) {
      key?.wipe();
      throw thrown;
    }
  }

  // A session whose key nobody has is none.
  async function dropDeadSlot(folder: string, key: Secret | undefined): Promise<void> {
    const copy = dataFile.elsewhere(folder);
    if (key && (await copy.checkKey(key)) === 'live') return;
    await copy.update((json) => withoutSlot(json));
  }
}

/** Throws login-needs-person where neither a person nor their password can be had. */
function runsOnTerminal(caller: Caller, { args }: Wanted): boolean {
  if (caller.can.includes('stdin')) return false;
  // SSO goes on in a browser, whoever answers prompts here.
  if (caller.can.includes('terminal') || (inPerson(caller) && args.includes('--sso'))) return true;
  if (inPerson(caller)) return false;
  throw failure('login-needs-person', { what: 'the master password' });
}

async function askPassword(caller: Caller, { email }: Wanted): Promise<Secret> {
  if (email === undefined) throw failure('login-needs-person', { what: 'the email address' });
  return await caller.ask({ what: 'master-password', subject: email.slice(0, 200), attempt: 1 });
}
