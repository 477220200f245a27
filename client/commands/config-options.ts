/** The commands of `helper config` and what they take. */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import * as config from './config.ts';

export function addConfig(helper: Command, context: Context): void {
  const group = helper.command('config').description('the settings file');
  group
    .command('get <key>')
    .description('print one setting')
    .action((key: string) => config.getSetting(context, key));
  group
    .command('set <key> <value>')
    .description('change one; the comments of the file stay')
    .action((key: string, value: string) => config.setSetting(context, key, value));
  group
    .command('unset <key>')
    .description('take one out of the file')
    .action((key: string) => config.unsetSetting(context, key));
  group
    .command('list')
    .description('show all, with their defaults')
    .option('--json', 'as JSON')
    .action(({ json = false }: { json?: boolean }) => config.listSettings(context, json));
  group
    .command('path')
    .description('print where the file is')
    .action(() => config.settingsPath(context));
  group
    .command('check')
    .description('tell whether the file is right')
    .action(() => config.checkSettings(context));
}
