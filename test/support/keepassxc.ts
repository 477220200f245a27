/** KeePassXC as a second, quite different Secret Service; without a display. */
import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus } from './secret-service.ts';
import type { World } from './world.ts';

const PASSWORD = 'the database password';
// The group that programs may see, by its id in two spellings.
const GROUP = Buffer.from('5f0e63c4a2f34b0f8d1b6f3f0a9c1e77', 'hex');
const EXPOSED = GROUP.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** Starts it with a database of its own. `locked`: nobody has typed its password yet. */
export async function startKeePassXC(
  bus: Bus,
  world: World,
  { locked = false } = {},
): Promise<ChildProcess> {
  const folder = join(world.folder, 'keepassxc');
  const place = (name: string) => join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(place('database.xml'), DATABASE);
  writeFileSync(place('config.ini'), CONFIG);
  spawnSync('keepassxc-cli', ['import', '-p', place('database.xml'), place('database.kdbx')], {
    input: `${PASSWORD}\n${PASSWORD}\n`,
    env: { ...world.env, QT_QPA_PLATFORM: 'offscreen' },
  });
  const options = ['--config', place('config.ini'), '--localconfig', place('local.ini')];
  const how = locked ? [] : ['--pw-stdin'];
  const started = await bus.start(
    ['env', 'QT_QPA_PLATFORM=offscreen', 'keepassxc', ...options, ...how, place('database.kdbx')],
    'org.freedesktop.secrets',
    `${PASSWORD}\n`,
  );
  // It is on the bus before it has opened its database.
  while (!isThere(bus, locked)) await new Promise((resolve) => setTimeout(resolve, 20));
  return started;
}

function isThere(bus: Bus, locked: boolean): boolean {
  const service = '/org/freedesktop/secrets';
  const alias = bus.call(service, 'org.freedesktop.Secret.Service.ReadAlias', 'string:default');
  const [, collection] = /object path "(.+\/.+)"/.exec(alias) ?? [];
  if (!collection) return false;
  const property = ['string:org.freedesktop.Secret.Collection', 'string:Locked'];
  return bus
    .call(collection, 'org.freedesktop.DBus.Properties.Get', ...property)
    .includes(`boolean ${locked}`);
}

const DATABASE = `<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
  <Meta>
    <Generator>KeePassXC</Generator>
    <CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{${EXPOSED}}</Value></Item></CustomData>
  </Meta>
  <Root><Group><UUID>${GROUP.toString('base64')}</UUID><Name>Passwords</Name></Group></Root>
</KeePassFile>
`;

const CONFIG = `[General]
ConfigVersion=2
SingleInstance=false
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ConfirmAccessItem=false
ConfirmDeleteItem=false
ShowNotification=false
`;
