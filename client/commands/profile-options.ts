/** The commands of `helper profile` with their options, and the option that chooses one. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { profileAdd, profileList, profileRemove, profileShow } from './profile.ts';

export function addProfile(helper: Command, context: Context): void {
  const group = helper.command('profile').description('several vaults, each with its own session');
  group
    .command('add <name>')
    .description('write one into the settings file')
    .option('--server <address>', 'https://…, or the word us or eu')
    .option('--email <address>', 'whose account it is')
    .addOption(new Option('--keychain <kind>', 'for its API key').choices(['os', 'file']))
    .option('--ca-file <file>', 'the certificate authority of its server', file)
    .option('--proxy <address>', 'how bw reaches its server')
    .option('--data-dir <folder>', "bw's data folder; without it, one of its own", absolute)
    .option('--idle <time>', 'as the setting `idle`, for this profile')
    .option('--max <time>', 'as the setting `max`, for this profile')
    .action((name: string, { profile: _, ...set }: Record<string, string>) =>
      profileAdd(context, name, inSettings(set)),
    );
  group
    .command('list')
    .description('show all')
    .option('--json', 'as JSON')
    .action(({ json = false }: { json?: boolean }) => profileList(context, json));
  group
    .command('show [name]')
    .description('show what is set for one')
    .option('--json', 'as JSON')
    .action((name: string | undefined, { json = false }: { json?: boolean }) =>
      profileShow(context, name, json),
    );
  group
    .command('remove <name>')
    .description('forget one, with its API key and the data folder made for it')
    .option('--force', 'without asking')
    .action((name: string, { force = false }: { force?: boolean }) =>
      profileRemove(context, name, force),
    );
}

/** Every command takes `--profile`, wherever it stands; the last one counts. Call it after the last. */
export function choosing(helper: Command, context: Context): void {
  const addTo = (command: Command): void => {
    command.option('--profile <name>', 'the profile to use (or BW_HELPER_PROFILE)');
    command.commands.forEach(addTo);
  };
  addTo(helper);
  helper.hook('preAction', (_, command) => {
    context.profile = innermost(command);
  });
}

function innermost(command: Command): string | undefined {
  const { profile } = command.opts<{ profile?: string }>();
  return profile ?? (command.parent ? innermost(command.parent) : undefined);
}

/** Keys as the settings file has them: `dataDir` → `data_dir`. */
function inSettings(set: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(set).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

/** bash leaves `~` alone behind `=`; in the settings it means the home folder, and stays as it is. */
const HOME = '~/';

function absolute(path: string): string {
  return path.startsWith(HOME) ? path : resolve(path);
}

function file(path: string): string {
  const there = path.startsWith(HOME) ? join(homedir(), path.slice(HOME.length)) : path;
  if (!existsSync(there)) throw new InvalidArgumentError('There is no such file.');
  return absolute(path);
}
