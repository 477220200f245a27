/** docs/settings.md, from the schema of the settings. */
import { describeSettings, type SettingRow } from '../../daemon/settings/schema.ts';

const HEAD = `# Settings

<!-- Written by \`npm run docs\` from daemon/settings/schema.ts. -->

One file of [TOML](https://toml.io), of which everything is optional. \`helper config path\` tells where it is: \`~/.config/bw-helper/config.toml\`, or below \`$XDG_CONFIG_HOME\`; on macOS below \`~/Library/Application Support\`, on Windows below \`%APPDATA%\`. Write it in an editor, or let \`helper config\` do it:

\`\`\`sh
helper config list                    # every setting as it counts now
helper config get idle
helper config set idle 30m
helper config set keychain file       # what only profiles have: that of the profile in use
helper config set profiles.work.max 2h
helper config unset idle              # from then on its default counts
helper config check                   # is the file right? if not: line, key, and what it may be
\`\`\`

\`set\` and \`unset\` leave comments, order and all other lines as they are, and say so where they cannot. A value that would be refused is not written. A file that is a link stays one.

**A change counts from the next command on.** Only a session that is open keeps the limits with which it began, and an encrypted keychain that is open stays open. \`helper daemon restart\` is needed after a change of the environment (PATH, DBUS_SESSION_BUS_ADDRESS, CREDENTIALS_DIRECTORY), and not for the file.

**A file that is wrong** stops everything but \`helper lock\`, \`helper daemon stop\` and \`helper config\`. So does one that others can write to, by its own mode or by that of its folder, as it decides which program is run.
`;

const PASSPHRASE = `## A machine where nobody is there to ask

With \`keychain = "file"\` the passphrase of that file is asked once in the life of a daemon. Where nobody can be asked, \`passphrase_file\` names a file whose first line it is. The file must belong to you or to root, and nobody else may be able to read it. Whoever can read both files has the API key, so keep the two apart: in a backup, say.

Where the settings name none, the daemon looks for a credential of systemd, \`bw-helper-passphrase\` in \`$CREDENTIALS_DIRECTORY\`, as it was set when the daemon started:

\`\`\`ini
[Service]
ExecStart=/usr/local/bin/helper daemon run
LoadCredential=bw-helper-passphrase:/etc/bw-helper/passphrase
\`\`\`
`;

/** The whole page. */
export function settingsPage(): string {
  const rows = describeSettings();
  const top = rows.filter(({ table }) => table === '');
  const below = rows.filter(({ table }) => table !== '');
  const sections = [
    HEAD.trimEnd(),
    `## Above the first table\n\n${tableOf(top)}`,
    `## Of each profile: \`[profiles.NAME]\`\n\n${tableOf(below)}`,
    PASSPHRASE.trimEnd(),
  ];
  return `${sections.join('\n\n')}\n`;
}

function tableOf(rows: readonly SettingRow[]): string {
  const lines = rows.map(({ key, help, allowed, default: preset }) => {
    const otherwise = preset === undefined ? '' : ` \`${JSON.stringify(preset)}\``;
    return `| \`${key}\` | ${cell(help)} | ${cell(allowed)} |${otherwise} |`;
  });
  return [
    '| setting | what it does | what it may be | by default |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
