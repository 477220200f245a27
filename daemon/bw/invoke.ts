/** The one bw of this daemon: found once, run with a clean environment, and looked at for changes. */
import { readFileSync, statSync } from 'node:fs';
import type { Environment } from '../../shared/environment.ts';
import { pathVariable } from '../../shared/environment.ts';
import { failure } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import { orBefore, type ProfileSettings, type Settings } from '../settings/settings.ts';
import { codeOf, inWords } from '../system/file-calls.ts';
import { type BwSurroundings, bwEnvironment } from './environment.ts';
import { type BwProgram, locateBw, stampOf } from './locate.ts';
import type { Run } from './run.ts';
import type { RunIn } from './runs.ts';

export interface InvokeParts {
  readonly run: Run;
  readonly settings: () => Settings;
  /** For messages. */
  readonly settingsFile: string;
  /** The daemon's own environment. */
  readonly own: Environment;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly nodePath: string;
  readonly log: Log;
  /** Ends runs that are under way. */
  readonly signal: () => AbortSignal;
}

/** What is started, with its whole environment. */
export interface Invocation {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

export interface Invoke {
  readonly run: RunIn;
  /** How bw is started in `folder` on a person's terminal, by whoever sits there. */
  onTerminal(
    folder: string,
    args: readonly string[],
    extra: Readonly<Record<string, string>>,
  ): Invocation;
  /** Whether this bw can raise the challenge, and so may be given client_secret for it. */
  raisesChallenge(): boolean;
}

/** Gives the way to run bw for one profile, with its certificate authority and its proxy. */
export function createInvoke(
  parts: InvokeParts,
): (name: string, profile: () => ProfileSettings) => Invoke {
  const { run, settings, settingsFile, own, platform, uid, nodePath, log } = parts;
  let found: (BwProgram & { bwPath: string | undefined }) | undefined;

  function program(anySettings: boolean): BwProgram {
    const { bwPath } = orBefore<{ bwPath?: string | undefined }>(
      settings,
      anySettings ? found : undefined,
    );
    const changed = found && stampOf(found.named) !== found.stamp;
    if (found && found.bwPath === bwPath && !changed) return found;
    const before = found;
    found = {
      ...locateBw({ bwPath, pathVariable: pathVariable(own, platform), platform, uid, nodePath }),
      bwPath,
    };
    const { file, version, sha256 } = found;
    log[before ? 'warn' : 'info'](before ? 'bw changed' : 'bw found', { file, version, sha256 });
    return found;
  }

  // Node only warns about a file that is none, and bw then says that the server cannot be reached.
  function checked(file: string | undefined): string | undefined {
    const wrong = file === undefined ? undefined : whyNoAuthority(file);
    if (wrong === undefined) return file;
    const problem = `\`ca_file\` names ${file}, and ${wrong}`;
    throw failure('settings-invalid', { file: settingsFile, problem });
  }

  return (name, profile) => {
    let before: ProfileSettings | undefined;

    function environment(
      folder: string,
      {
        anySettings = false,
        ...more
      }: Pick<BwSurroundings, 'extra' | 'interactive'> & { anySettings?: boolean },
    ) {
      before = orBefore(profile, anySettings ? before : undefined);
      const { caFile, proxy } = before;
      return bwEnvironment({
        own,
        platform,
        nodePath,
        dataDir: folder,
        caFile: anySettings ? caFile : checked(caFile),
        proxy,
        ...more,
      });
    }

    return {
      async run(folder, args, { input, extra, deadlineMs, anySettings = false, cut }) {
        const env = environment(folder, { extra, anySettings });
        const result = await run(program(anySettings), args, {
          env,
          input,
          deadlineMs,
          signal: AbortSignal.any([parts.signal(), ...(cut ? [cut] : [])]),
        });
        const { exitCode, signal, stopped, durationMs } = result;
        log.info('bw ran', {
          profile: name,
          command: args[0],
          exitCode: exitCode ?? undefined,
          signal: signal ?? undefined,
          stopped,
          ms: Math.round(durationMs),
        });
        return result;
      },
      onTerminal(folder, args, extra) {
        const { command, prefix } = program(false);
        const env = environment(folder, { extra, interactive: true });
        return { command, args: [...prefix, ...args], env };
      },
      raisesChallenge: () => program(false).raisesChallenge,
    };
  };
}

function whyNoAuthority(file: string): string | undefined {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return 'there is no such file';
  try {
    const holdsOne = /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(readFileSync(file, 'latin1'));
    return holdsOne ? undefined : 'there is no certificate in it (PEM)';
  } catch (thrown) {
    return `it cannot be read: ${inWords(codeOf(thrown))}`;
  }
}
