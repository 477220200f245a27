import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createChange } from '../../../../daemon/settings/change.ts';
import { createConfig } from '../../../../daemon/settings/config.ts';
import { systemClock } from '../../../../daemon/system/clock.ts';
import type { Calls } from '../../../../daemon/system/file-calls.ts';
import { toFailure } from '../../../../shared/errors.ts';
import { home, place, uid } from './samples.ts';

function configOf(text?: string, calls: Partial<Calls> = {}, file = place(text)) {
  const options = { file, home, uid };
  const clock = systemClock();
  const change = createChange({ ...options, clock, platform: process.platform, calls });
  return { file, ...createConfig({ ...options, change }), text: () => readFileSync(file, 'utf8') };
}

async function refusal(done: unknown): Promise<[string, string]> {
  try {
    await (typeof done === 'function' ? done() : done);
  } catch (thrown) {
    const { name, message } = toFailure(thrown);
    return [name, message];
  }
  return ['', ''];
}

const written = `# mine
idle = "15m" # coffee

[profiles.default]
keychain = "file" # no desktop
[profiles.work]
max = "1h"
`;

describe('get and list', () => {
  test('give what the file says, else the default, else nothing', () => {
    const { get } = configOf(written);
    expect(get('idle', 'default')).toEqual({ key: 'idle', value: '15m', from: 'file' });
    expect(get('max', 'default')).toEqual({ key: 'max', value: '8h', from: 'default' });
    expect(get('bw_path', 'default')).toEqual({ key: 'bw_path', from: 'nowhere' });
    expect(get('profiles.work.max', 'default')).toMatchObject({ value: '1h', from: 'file' });
  });

  test('what only profiles have is that of the profile in use', () => {
    const { get } = configOf(written);
    expect(get('keychain', 'default')).toMatchObject({
      key: 'profiles.default.keychain',
      value: 'file',
    });
    expect(get('keychain', 'work')).toMatchObject({ key: 'profiles.work.keychain', value: 'os' });
  });

  test('hold every setting of every profile', () => {
    const keys = configOf(written)
      .list()
      .map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining([
        'idle',
        'passphrase_file',
        'profiles.default.server',
        'profiles.work.server',
      ]),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('fail with a file that is wrong, and for what is no setting', async () => {
    expect(await refusal(() => configOf('idel = 1').list())).toMatchObject([
      'settings-invalid',
      expect.stringContaining('line 1: `idel`'),
    ]);
    expect(await refusal(() => configOf().get('idel', 'default'))).toEqual([
      'usage',
      '`idel` is no setting here; did you mean `idle`?',
    ]);
    expect(await refusal(() => configOf().get('profiles.wrok.max', 'default'))).toMatchObject([
      'profile-unknown',
      expect.stringContaining('there are: default'),
    ]);
    expect(await refusal(() => configOf().get('max', 'work'))).toEqual(['', '']);
  });
});

describe('set', () => {
  test('changes one value, and every comment stays', async () => {
    const { set, text, file } = configOf(written);
    expect(await set('idle', '1h', 'default')).toBe('idle');
    expect(text()).toBe(written.replace('"15m"', '"1h"'));
    expect(await set('keychain', 'os', 'work')).toBe('profiles.work.keychain');
    expect(text()).toBe(`${written.replace('"15m"', '"1h"')}keychain = "os"\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(file))).toEqual(['config.toml']);
  });

  test('makes file and folder where there are none', async () => {
    const file = join(place(), '..', 'new', 'config.toml');
    const { set, text } = configOf(undefined, {}, file);
    await set('max', '1h', 'default');
    expect(text()).toBe('max = "1h"\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['idle', '10 minutes', 'usage', '`idle` must be a duration such as'],
    ['idle', '900', 'usage', '`idle` must be a duration such as'],
    ['idle', '', 'usage', '`idle` must be a duration such as'],
    ['server', 'http://a.example', 'usage', '`server` must be an https:// address'],
    ['profiles.default.keychain', 'cloud', 'usage', 'must be the word "os" or "file"'],
    ['bw_path', './bw', 'usage', '`bw_path` must be an absolute path'],
    ['idel', '1m', 'usage', 'did you mean `idle`?'],
    ['profiles.default.idel', '1m', 'usage', 'did you mean `idle`?'],
    ['idle.x', '1m', 'usage', '`idle` must be a duration'],
    ['', 'x', 'usage', '`` is no setting'],
    ['profiles', 'x', 'usage', '`profiles` must be a table'],
    ['profiles.default', 'x', 'usage', '`default` must be a table'],
    ['profiles.../x.max', '1m', 'usage', 'is no name for a profile'],
    ['profiles.wrok.max', '1m', 'profile-unknown', 'there are: default, work'],
    ['client_secret', 'hunter2', 'usage', '`helper secret set` stores secrets'],
  ])('refuses %s = %s, and the file is untouched', async (key, value, name, says) => {
    const { set, text } = configOf(written);
    const [refused, message] = await refusal(set(key, value, 'default'));
    expect([refused, message]).toEqual([name, expect.stringContaining(says)]);
    expect(message).not.toMatch(/hunter2|line \d/);
    expect(text()).toBe(written);
  });

  test('puts a file right, and says what else is wrong in it, with its line', async () => {
    const broken = '# c\nidle = "x"\n\nmax = "y"\n';
    const { set, unset, text } = configOf(broken);
    expect(await refusal(set('bw_path', '/bw', 'default'))).toEqual([
      'settings-invalid',
      expect.stringMatching(/line 2: `idle`/),
    ]);
    expect(await refusal(set('idle', '1m', 'default'))).toEqual([
      'settings-invalid',
      expect.stringMatching(/line 4: `max`/),
    ]);
    expect(text()).toBe(broken);
    const other = configOf('colour = 1 # red\nidle = "1m"\n');
    expect(await other.unset('colour', 'default')).toEqual({ key: 'colour', removed: true });
    expect(other.text()).toBe('idle = "1m"\n');
    expect(await refusal(unset('colour', 'default'))).toEqual([
      'usage',
      expect.stringContaining('no setting'),
    ]);
  });

  test('says where text that is no TOML begins', async () => {
    const [name, message] = await refusal(configOf('\nidle = 15m').set('idle', '1m', 'default'));
    expect([name, message]).toEqual([
      'settings-invalid',
      expect.stringContaining('line 2, column 10'),
    ]);
  });

  test('says that it cannot where the place stands in braces', async () => {
    const text = 'profiles = { default = { keychain = "os" } }\n';
    const config = configOf(text);
    expect(await refusal(config.set('server', 'us', 'default'))).toMatchObject([
      'settings-not-editable',
      expect.any(String),
    ]);
    expect(config.text()).toBe(text);
    await config.set('keychain', 'file', 'default');
    expect(config.text()).toBe(text.replace('"os"', '"file"'));
  });

  test('follows a link to the real file, and to one that is still missing', async () => {
    const real = place(written);
    const link = join(dirname(place()), 'config.toml');
    symlinkSync(real, link);
    await configOf(undefined, {}, link).set('idle', '1h', 'default');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('idle = "1h" # coffee');

    const [missing, dangling] = [place(), place()];
    symlinkSync(missing, dangling);
    await configOf(undefined, {}, dangling).set('idle', '1h', 'default');
    expect(readFileSync(missing, 'utf8')).toBe('idle = "1h"\n');
    expect(realpathSync(dangling)).toBe(realpathSync(missing));
  });

  test('refuses a file that others could have written, also by its folder', async () => {
    const config = configOf(written);
    chmodSync(config.file, 0o666);
    expect(await refusal(config.set('idle', '1h', 'default'))).toMatchObject([
      'settings-invalid',
      expect.stringContaining('0666'),
    ]);
    chmodSync(config.file, 0o600);
    chmodSync(dirname(config.file), 0o777);
    expect(await refusal(config.set('idle', '1h', 'default'))).toMatchObject([
      'settings-invalid',
      expect.stringContaining('its folder'),
    ]);
    expect(await refusal(() => config.check())).toMatchObject([
      'settings-invalid',
      expect.stringContaining('its folder'),
    ]);
    expect(config.text()).toBe(written);
  });

  test.each(['writeAll', 'fsync', 'rename'] as const)(
    'leaves the old file where %s fails, and nothing beside it',
    async (call) => {
      const full = () => {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      };
      const config = configOf(written, { [call]: full });
      expect(await refusal(config.set('idle', '1h', 'default'))).toEqual([
        'settings-unwritable',
        `${config.file} cannot be written: no space is left.`,
      ]);
      expect(config.text()).toBe(written);
      expect(readdirSync(dirname(config.file))).toEqual(['config.toml']);
    },
  );

  test('keeps what a person has saved while somebody was asked', async () => {
    const file = place('idle = "1m"\n');
    const options = { file, home, uid, clock: systemClock(), platform: process.platform };
    await createChange(options)(
      (text) => `${text}# changed\n`,
      async () => writeFileSync(file, '# saved\n', { mode: 0o600 }),
    );
    expect(readFileSync(file, 'utf8')).toBe('# saved\n# changed\n');
  });

  test('two at once both count', async () => {
    const { set, text } = configOf(written);
    await Promise.all([set('idle', '1h', 'default'), set('max', '2h', 'default')]);
    expect(text()).toContain('idle = "1h"');
    expect(text()).toContain('max = "2h"');
  });
});

describe('unset', () => {
  test('takes one line out, and tells where there was none', async () => {
    const { unset, text } = configOf(written);
    expect(await unset('keychain', 'default')).toEqual({
      key: 'profiles.default.keychain',
      removed: true,
    });
    expect(text()).toBe(written.replace('keychain = "file" # no desktop\n', ''));
    expect(await unset('server', 'default')).toMatchObject({ removed: false });
  });

  test('never takes a whole profile, and makes no file', async () => {
    const config = configOf(written);
    for (const key of ['profiles', 'profiles.work'])
      expect(await refusal(config.unset(key, 'default'))).toMatchObject([
        'usage',
        expect.any(String),
      ]);
    expect(config.text()).toBe(written);
    const none = configOf();
    expect(await none.unset('idle', 'default')).toMatchObject({ removed: false });
    expect(existsSync(none.file)).toBe(false);
  });

  test('takes a whole table that is none of ours', async () => {
    const { unset, text } = configOf('idle = "1m"\n[colours]\nred = 1\n');
    expect(await unset('colours', 'default')).toMatchObject({ removed: true });
    expect(text()).toBe('idle = "1m"\n');
  });
});

test('check reads a folder in the place of the file, too', async () => {
  const config = configOf();
  expect(await refusal(() => config.check())).toEqual(['', '']);
  mkdirSync(config.file);
  expect(await refusal(() => config.check())).toMatchObject([
    'settings-invalid',
    expect.stringContaining('not a file'),
  ]);
});
