/** The commands of `helper config` and what they take. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import * as config from './config.ts';

export function addConfig(helper: Command, context: Context): void {
  const group = helper.command('config').description('the settings file');
  group
    .command('get')
    .argument('<key>', 'its name', settingKey)
    .description('print one setting')
    .action((key: string) => config.getSetting(context, key));
  group
    .command('set')
    .argument('<key>', 'its name', settingKey)
    .argument('<value>')
    .description('change one; the comments of the file stay')
    .action((key: string, value: string) => config.setSetting(context, key, value));
  group
    .command('unset')
    .argument('<key>', 'its name', settingKey)
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

function settingKey(text: string): string {
  if (/^\S{1,200}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a setting: see `helper config list`.');
}
