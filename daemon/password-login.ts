/**
 * bw's login by password. On a terminal bw asks the person itself, so the client runs it there; from
 * stdin or an askpass program comes the password alone, and bw runs here. Either way on a staged copy,
 * in the profile's queue, and while the request for it is open: a client that goes takes its login along.
 */
import { type Failure, failure, toFailure } from '../shared/errors.ts';
import type { Params, ToDaemon } from '../shared/protocol.ts';
import { Secret } from '../shared/secret.ts';
import { withoutEscapes } from '../shared/text.ts';
import type { CheckApiKey } from './bw/api-key-check.ts';
import type { Invoke } from './bw/invoke.ts';
import { explain, type OutcomeContext, sessionKey } from './bw/outcome.ts';
import type { HandOver } from './bw/password.ts';
import type { BwResult } from './bw/run.ts';
import type { Verbs } from './bw/verbs.ts';
import { type Caller, inPerson } from './caller.ts';
import { passphraseFrom } from './challenges.ts';
import type { AskPassphrase, StoredSecret } from './keychain/port.ts';
import type { Queue } from './queue.ts';
import type { DataFile } from './vault/data-file.ts';
import { appIdOf, identityOf, withSlotOf } from './vault/layout.ts';
import type { Json } from './vault/layouts.ts';

/** Longest run of a bw that asks nobody, ms: as for a login by API key. */
const DEADLINE_MS = 120_000;

export interface PasswordLoginParts {
  readonly dataFile: DataFile;
  readonly verbs: Pick<Verbs, 'loginBy' | 'unlock'>;
  readonly invoke: Invoke;
  readonly queue: Queue;
  readonly context: (secrets: readonly Secret[]) => OutcomeContext;
  readonly handOver: (password: Secret) => HandOver;
  readonly checkApiKey: CheckApiKey;
  /** The server of the settings. */
  readonly server: () => string | undefined;
  /** The API key that is stored. */
  readonly secret: (ask: AskPassphrase) => Promise<StoredSecret | undefined>;
  /** Aborted when the daemon leaves. */
  readonly leaving: () => AbortSignal;
}

type Wanted = Params<ToDaemon, 'account.loginByPassword'>;

/** Logs in; gives a key that was seen to open the vault, where bw printed one. */
export type PasswordLogin = (caller: Caller, wanted: Wanted) => Promise<Secret | undefined>;

/** What answers the challenge, if the server raises it. */
interface Proof {
  readonly stored?: StoredSecret | undefined;
  /** Why the keychain could not be asked. */
  readonly unavailable?: Failure;
}

export function createPasswordLogin(parts: PasswordLoginParts): PasswordLogin {
  const { dataFile, verbs, invoke, queue, context, handOver, checkApiKey } = parts;
  let person: Caller | undefined;

  return async (caller, wanted) => {
    const onTerminal = runsOnTerminal(caller, wanted);
    const proof = await proofFor(caller);
    const password = onTerminal ? undefined : await askPassword(caller, wanted);
    if (person) caller.waiting(person.label);
    try {
      const key = await queue(() => logIn(caller, wanted, proof, password));
      if (key && (await dataFile.checkKey(key)) === 'live') return key;
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
    { stored, unavailable }: Proof,
    password: Secret | undefined,
  ): Promise<Secret | undefined> {
    let abandoned = false;
    const secrets = [password, stored?.clientSecret].filter((one) => one !== undefined);
    // An empty one would keep bw from asking, and fail (2023.12.1, 2025.4.0).
    const extra = stored && { BW_CLIENTSECRET: stored.clientSecret.reveal() };
    const bwArgs = ['login', ...(email === undefined ? [] : [email]), '--raw'];

    async function atTerminal(folder: string): Promise<BwResult> {
      const invocation = invoke.onTerminal(folder, [...bwArgs, ...args], { ...extra });
      const note =
        unavailable && `${unavailable.message} bw asks where the server wants to know it.`;
      person = caller;
      abandoned = true;
      try {
        const ran = await untilLeaving(
          caller.runBw({ ...invocation, args: [...invocation.args], ...(note && { note }) }),
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

    async function whyNot(result: BwResult, left: Json): Promise<Failure> {
      result.stdout.wipe();
      const reason = explain('login', result, context(secrets));
      if (reason.is('challenge-failed')) return await toldApart(left);
      // The person has just read it.
      return !password && reason.is('bw-failed') ? failure('login-failed') : reason;
    }

    async function toldApart(left: Json): Promise<Failure> {
      if (!stored && password) return unavailable ?? failure('no-client-secret');
      const failed = (problem: string) => failure('challenge-failed', { problem });
      if (!stored) return failed('what was typed for it was wrong, or the master password was');
      try {
        const identity = identityOf(left);
        const verdict = await checkApiKey({
          secret: stored,
          identity,
          deviceId: appIdOf(left) ?? '',
        });
        if (verdict === 'wrong') return failure('wrong-client-secret');
        return args.includes('--code')
          ? failed('the stored one is right, so the master password or the code was wrong')
          : failure('wrong-password');
      } catch (thrown) {
        const { message } = toFailure(thrown);
        return failed(
          `it or the master password is wrong, and which could not be asked (${message})`,
        );
      }
    }

    const { stdout } = await verbs.loginBy({
      server: parts.server(),
      clientSecret: stored?.clientSecret,
      bw: async (folder) => {
        const result = await (password ? here(folder, password) : atTerminal(folder));
        await dropDeadSlot(folder, sessionKey(result.stdout));
        return result;
      },
      whyNot,
      abandoned: () => abandoned,
    });
    const key = sessionKey(stdout);
    stdout.wipe();
    return key;
  }

  // A session whose key nobody has is none.
  async function dropDeadSlot(folder: string, key: Secret | undefined): Promise<void> {
    const copy = dataFile.elsewhere(folder);
    if (key && (await copy.checkKey(key)) === 'live') return;
    await copy.update((json) => withSlotOf(json, {}));
  }

  async function untilLeaving<T>(work: Promise<T>): Promise<T> {
    const signal = parts.leaving();
    const cut = Promise.withResolvers<never>();
    const leave = () => cut.reject(failure('daemon-gone'));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([work, cut.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
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
