import { printable, shownJson } from '../../shared/text.ts';
import { callDaemon } from '../connect.ts';
import { type Context, silent } from '../context.ts';

const quiet = { asking: silent, start: true };

/** `helper config get KEY`: its value as it counts now, and nothing on stdout where it has none. */
export async function getSetting(context: Context, key: string): Promise<void> {
  const found = await callDaemon(context, 'config.get', { key }, quiet);
  if (found.value !== undefined) context.output.data(found.value);
  else context.output.say(`${printable(found.key)} is not set.`);
}

/** `helper config set KEY VALUE`: refused where the value is wrong, with the file as it was. */
export async function setSetting(context: Context, key: string, value: string): Promise<void> {
  const set = await callDaemon(context, 'config.set', { key, value }, quiet);
  context.output.say(`Set ${printable(set.key)} in ${printable(set.file)}.`);
}

/** `helper config unset KEY`: from then on its default counts. */
export async function unsetSetting(context: Context, key: string): Promise<void> {
  const gone = await callDaemon(context, 'config.unset', { key }, quiet);
  const where = `${printable(gone.key)} ${gone.removed ? 'out of' : 'is not in'}`;
  context.output.say(`${gone.removed ? 'Took ' : ''}${where} ${printable(gone.file)}.`);
}

/** `helper config list [--json]`: as TOML, with what is not set in comments. */
export async function listSettings(context: Context, json: boolean): Promise<void> {
  const { file, settings } = await callDaemon(context, 'config.list', {}, quiet);
  if (json) return context.output.data(shownJson({ file, settings }, 2));
  context.output.data(`# ${printable(file)}`);
  for (const { key, value, from } of settings)
    if (value === undefined) context.output.data(`# ${key} is not set`);
    else
      context.output.data(
        `${key} = ${/^(true|false)$/.test(value) ? value : shownJson(value)}${from === 'default' ? '  # by default' : ''}`,
      );
}

/** `helper config path`: where the daemon reads them, whether the file is there or not. */
export async function settingsPath(context: Context): Promise<void> {
  const { file } = await callDaemon(context, 'config.path', {}, quiet);
  context.output.data(file);
}

/** `helper config check`: fails with settings-invalid, which names the line. */
export async function checkSettings(context: Context): Promise<void> {
  const { file } = await callDaemon(context, 'config.check', {}, quiet);
  context.output.say(`${printable(file)} is right.`);
}
