/** docs/errors.md, from the table of errors. */
import { shown } from '../../client/commands/help.ts';
import { errors } from '../../shared/errors.ts';
import { troubleshooting } from '../../shared/troubleshooting.ts';

const HEAD = `# Errors

<!-- Written by \`npm run docs\` from shared/errors.ts and shared/troubleshooting.ts. -->

Each failure has a name and an exit code of its own. \`helper\` says on stderr what happened and what to do; stdout stays empty. What stands here \`helper help NAME\` prints as well, for instance \`helper help vault-locked\`. In angle brackets stands what differs from case to case. Over the socket the code is -32000 minus the exit code: see [the protocol](protocol.md#errors).

A command that was not found or not run at all ends with 127 or 126, as in every shell; 130 is Ctrl-C at a prompt; 1 is no failure of ours but a crash.
`;

/** The whole page. */
export function errorsPage(): string {
  const rows = Object.entries(errors);
  const list = rows.map(([name, { exit }]) => `| ${exit} | [\`${name}\`](#${name}) |`);
  const table = ['| exit code | name |', '|---|---|', ...list].join('\n');
  const sections = rows.map(([name, { exit, says, next }]) => {
    const more = troubleshooting[name as keyof typeof errors];
    const words = ['```text', `helper: ${shown(says)}`, `        ${shown(next)}`, '```'].join('\n');
    return [`## ${name}`, `Exit code ${exit}.`, words, ...(more ? [more] : [])].join('\n\n');
  });
  return `${[HEAD.trimEnd(), table, ...sections].join('\n\n')}\n`;
}
