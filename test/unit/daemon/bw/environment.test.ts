import { describe, expect, test } from 'vitest';
import { bwEnvironment } from '../../../../daemon/bw/environment.ts';
import { handOver } from '../../../../daemon/bw/password.ts';
import { Secret } from '../../../../shared/secret.ts';

const linux = {
  platform: 'linux',
  nodePath: '/opt/node/bin/node',
  dataDir: '/home/ann/.config/Bitwarden CLI',
  own: {},
} as const;

describe("bw's environment", () => {
  test('is the allow-list and what was made for it, and nothing else', () => {
    const own = {
      HOME: '/home/ann',
      LC_ALL: 'de_DE.UTF-8',
      XDG_CONFIG_HOME: '/home/ann/.config',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/1000/bus',
      PATH: '.:/home/mallory/bin',
      NODE_OPTIONS: '--require /tmp/evil.js',
      NODE_EXTRA_CA_CERTS: '/tmp/evil.pem',
      LD_PRELOAD: '/tmp/evil.so',
      BW_SESSION: 'stale',
      BW_CLIENTSECRET: 'left over',
      BITWARDENCLI_DEBUG: 'true',
      https_proxy: 'http://whoever.came.first',
    };
    expect(bwEnvironment({ ...linux, own })).toEqual({
      HOME: '/home/ann',
      LC_ALL: 'de_DE.UTF-8',
      XDG_CONFIG_HOME: '/home/ann/.config',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/1000/bus',
      PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin',
      BITWARDENCLI_APPDATA_DIR: '/home/ann/.config/Bitwarden CLI',
      BW_NOINTERACTION: 'true',
    });
  });

  test('lets bw ask where a person sits at its terminal, and only there', () => {
    expect(bwEnvironment({ ...linux, interactive: true })).not.toHaveProperty('BW_NOINTERACTION');
  });

  test("has the profile's certificate authority", () => {
    const { NODE_EXTRA_CA_CERTS } = bwEnvironment({ ...linux, caFile: '/etc/ca.pem' });
    expect(NODE_EXTRA_CA_CERTS).toBe('/etc/ca.pem');
  });

  test("has the profile's proxy and no other", () => {
    const own = {
      https_proxy: 'http://first',
      http_proxy: 'http://first',
      HTTPS_PROXY: 'http://first',
    };
    expect(bwEnvironment({ ...linux, own, proxy: 'http://ours' })).toMatchObject({
      https_proxy: 'http://ours',
    });
    for (const proxy of ['http://ours', undefined])
      expect(Object.values(bwEnvironment({ ...linux, own, proxy }))).not.toContain('http://first');
  });

  test('has a client_secret only where that one run is given it', () => {
    const extra = { BW_CLIENTSECRET: 'for this run' };
    expect(bwEnvironment({ ...linux, extra })).toMatchObject(extra);
    expect(bwEnvironment(linux)).not.toHaveProperty('BW_CLIENTSECRET');
  });

  test('names no folder of PATH twice', () => {
    const { PATH } = bwEnvironment({ ...linux, nodePath: '/usr/bin/node' });
    expect(PATH).toBe('/usr/bin:/usr/local/bin:/bin');
  });

  test('has on Windows what programs need there, however it is written', () => {
    const own = {
      SystemRoot: 'D:\\Windows',
      Path: 'C:\\x',
      AppData: 'C:\\a',
      HOME: '/c/u',
      Bw_Session: 's',
    };
    const env = bwEnvironment({ ...linux, platform: 'win32', nodePath: 'C:\\node\\node.exe', own });
    expect(env).toEqual({
      SystemRoot: 'D:\\Windows',
      AppData: 'C:\\a',
      PATH: 'C:\\node;D:\\Windows\\System32;D:\\Windows',
      BITWARDENCLI_APPDATA_DIR: linux.dataDir,
      BW_NOINTERACTION: 'true',
    });
  });
});

describe('a master password', () => {
  test('goes by stdin on POSIX, and is neither in arguments nor in the environment', () => {
    const password = new Secret('hunter2');
    expect(handOver(password, 'linux', () => 'x')).toStrictEqual({
      args: ['--passwordfile', '/dev/stdin'],
      input: password,
    });
  });

  test('goes by a variable with another name each time on Windows', () => {
    const names = ['a1', 'b2'];
    const next = () => handOver(new Secret('hunter2'), 'win32', () => names.shift() ?? '');
    expect(next()).toEqual({ args: ['--passwordenv', 'BWH_a1'], extra: { BWH_a1: 'hunter2' } });
    expect(next().args).toEqual(['--passwordenv', 'BWH_b2']);
  });
});
