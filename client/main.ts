#!/usr/bin/env node
/** Composition root of the client: argv → command. The bare hot command loads no option parser. */
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasRunUser } from '../shared/boundary.ts';
import { failure, toFailure } from '../shared/errors.ts';
import { paths } from '../shared/paths.ts';
import { getSession } from './commands/get-session.ts';
import type { Context } from './context.ts';
import { createOutput } from './output.ts';
import { bareGetSession } from './profile-option.ts';
import { INTERRUPTED } from './prompt/asker.ts';

/** Put in by the build, from package.json. */
declare const BW_HELPER_VERSION: string;

const output = createOutput();
const args = process.argv.slice(2);
main().then(
  () => process.exit(process.exitCode ?? 0),
  async (thrown) => {
    const failure = toFailure(thrown);
    const { moreAbout } = await import('./commands/help.ts');
    end(output.fail(failure, moreAbout(failure)));
  },
);

async function main(): Promise<void> {
  requireNode();
  const hot = bareGetSession(args);
  const context = createContext(hot?.named);
  if (hot) return await getSession(context, {}, { input: true, passwordStdin: false });
  const { runCommand } = await import('./commands/index.ts');
  await runCommand(context, args.length === 0 ? ['--help'] : args, BW_HELPER_VERSION);
}

function end(code: number): void {
  // While a prompt was open Ctrl-C was a key like any other. Now it is what it would have been: the
  // end of the whole job, or a script would go on without its key.
  if (code === INTERRUPTED && process.platform !== 'win32') process.kill(0, 'SIGINT');
  process.exit(code);
}

function createContext(profile: string | undefined): Context {
  const { env, platform } = process;
  const uid = process.getuid?.() ?? -1;
  // Windows has no HOME; where Git brings one, the daemon would not see it.
  const home = (platform !== 'win32' && env.HOME) || homedir();
  return {
    env,
    platform,
    uid,
    host: process,
    paths: paths({
      platform,
      env,
      home,
      uid,
      hasRunUser: !env.XDG_RUNTIME_DIR && hasRunUser(lstatSync, uid),
    }),
    output,
    profile,
    node: process.execPath,
    daemonMain: join(import.meta.dirname, '..', 'daemon', 'main.js'),
  };
}

function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 15))
    throw failure('node-too-old', { version: process.versions.node });
}
