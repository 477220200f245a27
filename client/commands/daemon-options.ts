/** The commands of `helper daemon` and what they take. */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import * as daemon from './daemon.ts';
import { positive } from './options.ts';

export function addDaemon(helper: Command, context: Context): void {
  const group = helper.command('daemon').description('the background process; started when needed');
  group
    .command('run')
    .description('run it in this terminal')
    .action(() => daemon.runCommand(context));
  group
    .command('start')
    .description('start it')
    .action(() => daemon.startCommand(context));
  group
    .command('stop')
    .description('lock, wipe, and end it')
    .action(() => daemon.stopCommand(context));
  group
    .command('restart')
    .description('stop, then start')
    .action(() => daemon.restartCommand(context));
  group
    .command('status')
    .description('tell whether it runs')
    .action(() => daemon.daemonStatus(context));
  group
    .command('logs')
    .description('show its log')
    .option('-n, --lines <count>', 'how many lines', positive, 200)
    .action(({ lines }: { lines: number }) => daemon.logsCommand(context, lines));
}
