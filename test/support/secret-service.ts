/** A D-Bus session of its own for one world, with a real keychain on it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.ts';

/** Of gnome-keyring's login keyring. */
export const LOGIN_PASSWORD = 'the login password';
const LOGIN = '/org/freedesktop/secrets/collection/login';

export interface Bus {
  readonly address: string;
  /** Calls a method of the keychain as its own window would; gives what it answered. */
  call(path: string, method: string, ...args: readonly string[]): string;
  /** Paths of the items of a service and account, open or locked. */
  search(service: string, account: string): string[];
  /** Starts a program on this bus and resolves when `name` is on it. */
  start(program: readonly string[], name: string, input?: string): Promise<ChildProcess>;
  close(): Promise<void>;
}

/** What these tests need and is not here, as one sentence; empty where all is there. */
export function missingFor(programs: readonly string[]): string {
  const missing = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (libsecretFiles().length === 0) missing.push('libsecret');
  return missing.length > 0 ? `needs ${missing.join(', ')}` : '';
}

/** Every place in which the loader may find libsecret. */
export function libsecretFiles(): string[] {
  const cache = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout ?? '';
  return [...cache.matchAll(/libsecret-1\.so\.0 .*=> (\S+)/g)].map(([, file = '']) => file);
}

/**
 * Starts a bus and puts its address into the world. `activation`: what is installed starts when it is
 * called, as on a desktop; without it nothing is there but what a test starts.
 */
export async function startBus(world: World, { activation = true } = {}): Promise<Bus> {
  const config = join(world.folder, 'bus.conf');
  if (!activation) writeFileSync(config, BARE);
  const children: ChildProcess[] = [];
  const run = (program: readonly string[], stdout: 'pipe' | 'ignore') => {
    const [command = '', ...args] = program;
    const child = spawn(command, args, { env: world.env, stdio: ['pipe', stdout, 'ignore'] });
    children.push(child);
    return child;
  };
  const how = activation ? '--session' : `--config-file=${config}`;
  const daemon = run(['dbus-daemon', how, '--nofork', '--print-address=1'], 'pipe');
  const address = await new Promise<string>((resolve, reject) => {
    daemon.stdout?.once('data', (line) => resolve(String(line).trim()));
    daemon.once('exit', () => reject(new Error('dbus-daemon ended at once')));
  });
  (world.env as Record<string, string>).DBUS_SESSION_BUS_ADDRESS = address;

  const send = (dest: string, path: string, method: string, ...args: readonly string[]) =>
    spawnSync(
      'dbus-send',
      ['--session', '--print-reply', `--dest=${dest}`, path, method, ...args],
      {
        env: world.env,
        encoding: 'utf8',
      },
    ).stdout;

  return {
    address,
    call: (path, method, ...args) => send('org.freedesktop.secrets', path, method, ...args),
    search(service, account) {
      const wanted = `dict:string:string:service,${service},account,${account}`;
      const method = 'org.freedesktop.Secret.Service.SearchItems';
      const found = send('org.freedesktop.secrets', '/org/freedesktop/secrets', method, wanted);
      return [...found.matchAll(/object path "(.+)"/g)].map(([, path = '']) => path);
    },
    async start(program, name, input = '') {
      const child = run(program, 'ignore');
      child.stdin?.end(input);
      const bus = 'org.freedesktop.DBus';
      const there = () => send(bus, '/', `${bus}.NameHasOwner`, `string:${name}`);
      while (!there().includes('true')) {
        if (child.exitCode !== null) throw new Error(`${program[0]} ended at once`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return child;
    },
    async close() {
      // Stopped ones cannot be asked to end.
      for (const child of children.toReversed()) child.kill('SIGKILL');
      await Promise.all(children.map(ended));
    },
  };
}

/** gnome-keyring with its login keyring open, as after the login to a desktop. */
export function startGnomeKeyring(bus: Bus, world: World): Promise<ChildProcess> {
  mkdirSync(join(world.home, '.local', 'share'), { recursive: true });
  const program = ['gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets'];
  return bus.start(program, 'org.freedesktop.secrets', LOGIN_PASSWORD);
}

export function lockLogin(bus: Bus): void {
  bus.call(
    '/org/freedesktop/secrets',
    'org.freedesktop.Secret.Service.Lock',
    `array:objpath:${LOGIN}`,
  );
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

const BARE = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
