/** `bw login`, by API key or by what a person types, on a staged copy: half a login never arrives. */
import { type Failure, failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import type { DataFile } from '../vault/data-file.ts';
import { baseServerOf, DEFAULT_SERVER, describe, sameServer, serverOf } from '../vault/layout.ts';
import type { Json } from '../vault/layouts.ts';
import { explain } from './outcome.ts';
import { DEADLINE_MS, type Runs, type RunsParts } from './runs.ts';
import type { Verbs } from './verbs.ts';

/** A login in a staged copy, and who runs the bw for it. */
export interface Login<T extends { readonly exitCode: number | null }> {
  readonly server: string | undefined;
  /** What this bw is given, and what must not be installed. */
  readonly clientSecret: Secret | undefined;
  readonly bw: (folder: string) => Promise<T>;
  /** Why nobody is logged in, by what bw said and by the data.json that it left. */
  readonly whyNot: (result: T, left: Json) => Failure | Promise<Failure>;
  readonly abandoned?: () => boolean;
}

export function createLogin(parts: RunsParts, runs: Runs): Pick<Verbs, 'login' | 'loginBy'> {
  const { dataFile, run, context, atRest } = parts;
  const { whyFailed, must, syncIn } = runs;

  // A bw that is older than the one that wrote data.json reads nothing of it: it would take the secret
  // to bitwarden.com, and write what the newer one does not see (2023.12.1 after 2025.4.0).
  async function mustRead(folder: string, server: string): Promise<void> {
    const told = await run(folder, ['config', 'server'], { deadlineMs: DEADLINE_MS.network });
    if (told.exitCode !== 0 || told.stdout.empty) throw explain('config', told, context([]));
    if (sameServer(told.stdout.reveal().trim(), server)) return;
    throw tooOld(dataFile);
  }

  async function loginBy<T extends { readonly exitCode: number | null }>(
    login: Login<T>,
  ): Promise<T> {
    const { server, clientSecret, bw, whyNot, abandoned = () => false } = login;
    const { scratch, stage } = parts;
    const run = async (folder: string) => {
      const copy = dataFile.elsewhere(folder);
      const before = (await copy.read()) ?? {};
      const other = describe(before);
      if (other) throw failure('already-logged-in', { account: other.email });
      const named = baseServerOf(before);
      if (server && !sameServer(serverOf(before) ?? DEFAULT_SERVER, server))
        await must(folder, ['config', 'server', server], { deadlineMs: DEADLINE_MS.network });
      else if (named) await mustRead(folder, named);
      const result = await bw(folder);
      const left =
        (await copy.read().catch(async (thrown) => {
          // Half a file, from a disk that is full: bw says so.
          throw result.exitCode === 0 ? thrown : await whyNot(result, {});
        })) ?? {};
      const who = describe(left);
      // Some servers make bw end with 1 although it is logged in (seen with 2026.9.0).
      if (!who) throw await whyNot(result, left);
      // Then the vault was not fetched, and unlock would print nothing. With exit code 0 it is not
      // fetched in a quarter of the logins of 2025.4.0, and the vault would look empty.
      if (result.exitCode !== 0 || !who.fetched)
        await syncIn(folder, clientSecret ? [clientSecret] : []);
      return result;
    };
    return await stage(dataFile, {
      scratch,
      clientSecret,
      session: 'new',
      atRest: atRest(),
      abandoned,
      run,
    });
  }

  return {
    async login({ clientId, clientSecret }, server) {
      await loginBy({
        server,
        clientSecret,
        async bw(folder) {
          const result = await run(folder, ['login', '--apikey', '--nointeraction'], {
            extra: { BW_CLIENTID: clientId, BW_CLIENTSECRET: clientSecret.reveal() },
            deadlineMs: DEADLINE_MS.network,
          });
          result.stdout.wipe();
          return result;
        },
        whyNot: (result) => whyFailed('login --apikey', result, parts.scratch, [clientSecret]),
      });
    },

    loginBy,
  };
}

/** A bw that reads nothing of this file. */
export function tooOld({ file }: DataFile): Failure {
  const problem = `it cannot read ${file}, which a newer one wrote`;
  return failure('bw-refused', { file: 'this bw', problem });
}
