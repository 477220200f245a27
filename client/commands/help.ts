import type { Command } from 'commander';
import { distance } from '../../shared/distance.ts';
import { type ErrorName, errors, type Failure, failure } from '../../shared/errors.ts';
import { troubleshooting } from '../../shared/troubleshooting.ts';
import type { Context } from '../context.ts';

/** Characters of a line: what a terminal shows at least. */
const WIDTH = 80;

/**
 * `helper help [COMMAND | ERROR]`: a command's own help, or what is known about an error. Throws `usage`
 * with the nearest name where there is neither.
 */
export function explain({ output }: Context, helper: Command, names: readonly string[]): void {
  const command = names.reduce<Command | undefined>(
    (above, name) => above?.commands.find((one) => one.name() === name),
    helper,
  );
  if (command) {
    command.outputHelp();
    return;
  }
  const [name = ''] = names;
  if (names.length > 1 || !isError(name)) throw nothingNamed(names, helper);
  for (const line of about(name)) output.data(line);
}

/** Where more is told about a failure; undefined where nothing is, or where only another version knows it. */
export function moreAbout({ row }: Failure): string | undefined {
  const known = isError(row.name) && troubleshooting[row.name];
  return known ? `More: \`helper help ${row.name}\`.` : undefined;
}

function about(name: ErrorName): string[] {
  const { exit, says, next } = errors[name];
  const more = troubleshooting[name];
  const paragraphs = [shown(says), shown(next), ...(more ? ['', more] : [])];
  return [`${name} (exit code ${exit})`, '', ...paragraphs.flatMap(wrap)];
}

function isError(name: string): name is ErrorName {
  return Object.hasOwn(errors, name);
}

function nothingNamed(names: readonly string[], helper: Command): Failure {
  const given = names.join(' ');
  const all = [...helper.commands.map((one) => one.name()), ...Object.keys(errors)];
  const [nearest] = all
    .map((name) => ({ name, away: distance(given, name) }))
    .filter(({ away }) => away <= Math.max(2, given.length / 3))
    .sort((a, b) => a.away - b.away);
  const guess = nearest ? ` Did you mean ${nearest.name}?` : '';
  return failure('usage', { problem: `There is no command and no error '${given}'.${guess}` });
}

/** `{file}` is filled in at a failure; here it stands for itself. */
export function shown(template: string): string {
  return template.replace(/\{(\w+)\}/g, '<$1>');
}

function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
