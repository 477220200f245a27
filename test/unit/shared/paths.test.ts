import { expect, test } from 'vitest';
import { paths, type Surroundings } from '../../../shared/paths.ts';

const linux: Surroundings = {
  platform: 'linux',
  env: {},
  home: '/home/ada',
  uid: 1000,
  hasRunUser: false,
};
const mac: Surroundings = { ...linux, platform: 'darwin', home: '/Users/ada', uid: 501 };
const windows: Surroundings = {
  ...linux,
  platform: 'win32',
  home: 'C:\\Users\\Ada',
  uid: -1,
};

test('on Linux without any variable', () => {
  expect(paths(linux)).toEqual({
    runtime: '/tmp/bw-helper-1000',
    socket: '/tmp/bw-helper-1000/socket',
    lock: '/tmp/bw-helper-1000/lock',
    settings: '/home/ada/.config/bw-helper/config.toml',
    log: '/home/ada/.local/state/bw-helper/daemon.log',
    audit: '/home/ada/.local/state/bw-helper/audit.jsonl',
    open: '/home/ada/.local/state/bw-helper/open',
    keychain: '/home/ada/.local/share/bw-helper/keychain.json',
    keychainNotes: '/home/ada/.local/state/bw-helper/keychain-notes.json',
    profiles: '/home/ada/.local/share/bw-helper/profiles',
    bwDefault: '/home/ada/.config/Bitwarden CLI',
  });
});

test('on Linux with the XDG variables', () => {
  const env = {
    XDG_RUNTIME_DIR: '/run/x',
    XDG_CONFIG_HOME: '/c',
    XDG_STATE_HOME: '/s',
    XDG_DATA_HOME: '/d',
  };
  expect(paths({ ...linux, env, hasRunUser: true })).toEqual({
    runtime: '/run/x/bw-helper',
    socket: '/run/x/bw-helper/socket',
    lock: '/run/x/bw-helper/lock',
    settings: '/c/bw-helper/config.toml',
    log: '/s/bw-helper/daemon.log',
    audit: '/s/bw-helper/audit.jsonl',
    open: '/s/bw-helper/open',
    keychain: '/d/bw-helper/keychain.json',
    keychainNotes: '/s/bw-helper/keychain-notes.json',
    profiles: '/d/bw-helper/profiles',
    bwDefault: '/c/Bitwarden CLI',
  });
});

test('a shell that lost XDG_RUNTIME_DIR finds the folder of the login session', () => {
  expect(paths({ ...linux, hasRunUser: true }).runtime).toBe('/run/user/1000/bw-helper');
});

test.each(['', 'relative/folder'])('a variable that is %j counts as unset', (value) => {
  const env = {
    XDG_RUNTIME_DIR: value,
    XDG_CONFIG_HOME: value,
    XDG_STATE_HOME: value,
    XDG_DATA_HOME: value,
  };
  expect(paths({ ...linux, env })).toEqual(paths(linux));
  expect(paths({ ...mac, env })).toEqual(paths(mac));
});

test.each([linux, mac])('TMPDIR moves nothing on $platform', (at) => {
  expect(paths({ ...at, env: { TMPDIR: '/elsewhere', TMP: '/elsewhere' } })).toEqual(paths(at));
});

test('on macOS', () => {
  const support = '/Users/ada/Library/Application Support';
  expect(paths(mac)).toEqual({
    runtime: `${support}/bw-helper/run`,
    socket: `${support}/bw-helper/run/socket`,
    lock: `${support}/bw-helper/run/lock`,
    settings: `${support}/bw-helper/config.toml`,
    log: '/Users/ada/Library/Logs/bw-helper/daemon.log',
    audit: '/Users/ada/Library/Logs/bw-helper/audit.jsonl',
    open: '/Users/ada/Library/Logs/bw-helper/open',
    keychain: `${support}/bw-helper/keychain.json`,
    keychainNotes: '/Users/ada/Library/Logs/bw-helper/keychain-notes.json',
    profiles: `${support}/bw-helper/profiles`,
    bwDefault: `${support}/Bitwarden CLI`,
  });
});

test('on macOS each XDG variable moves its own folder and no other', () => {
  expect(paths({ ...mac, env: { XDG_CONFIG_HOME: '/c' } })).toEqual({
    ...paths(mac),
    settings: '/c/bw-helper/config.toml',
  });
  expect(paths({ ...mac, env: { XDG_RUNTIME_DIR: '/r', XDG_DATA_HOME: '/d' } })).toEqual({
    ...paths(mac),
    keychain: '/d/bw-helper/keychain.json',
    profiles: '/d/bw-helper/profiles',
  });
});

test.each([{}, { APPDATA: '', LOCALAPPDATA: '' }])('on Windows with %j', (env) => {
  const roaming = 'C:\\Users\\Ada\\AppData\\Roaming';
  const local = 'C:\\Users\\Ada\\AppData\\Local';
  expect(paths({ ...windows, env })).toEqual({
    runtime: `${local}\\bw-helper\\run`,
    socket: `${local}\\bw-helper\\run\\socket`,
    lock: `${local}\\bw-helper\\run\\lock`,
    settings: `${roaming}\\bw-helper\\config.toml`,
    log: `${local}\\bw-helper\\daemon.log`,
    audit: `${local}\\bw-helper\\audit.jsonl`,
    open: `${local}\\bw-helper\\open`,
    keychain: `${roaming}\\bw-helper\\keychain.json`,
    keychainNotes: `${local}\\bw-helper\\keychain-notes.json`,
    profiles: `${roaming}\\bw-helper\\profiles`,
    bwDefault: `${roaming}\\Bitwarden CLI`,
  });
});

test('on Windows with folders of its own', () => {
  const found = paths({ ...windows, env: { APPDATA: 'D:\\r', LOCALAPPDATA: 'D:\\l' } });
  expect(found.keychain).toBe('D:\\r\\bw-helper\\keychain.json');
  expect(found.bwDefault).toBe('D:\\r\\Bitwarden CLI');
  expect(found.lock).toBe('D:\\l\\bw-helper\\run\\lock');
  expect(found.log).toBe('D:\\l\\bw-helper\\daemon.log');
});
