import { describe, expect, test } from 'vitest';
import { allowed, pathFolders, pathVariable } from '../../../shared/environment.ts';

describe('what passes from process to process', () => {
  test('leaves secrets and whatever changes programs behind', () => {
    const env = {
      BW_SESSION: 's',
      BW_CLIENTSECRET: 's',
      NODE_OPTIONS: 'o',
      LD_PRELOAD: 'l',
      PATH: '/p',
    };
    expect(allowed(env, 'linux')).toEqual({});
    expect(allowed(env, 'win32')).toEqual({});
  });

  test('takes whole names only', () => {
    expect(allowed({ MY_HOME: '1', HOMEDIR: '2', LC_: '3', HOME: '4' }, 'linux')).toEqual({
      HOME: '4',
    });
  });
});

describe('the folders of PATH', () => {
  test('are the absolute entries: neither "." nor the empty entry, which means "here"', () => {
    expect(pathFolders('.:/usr/bin::node_modules/.bin:/bin:', 'linux')).toEqual([
      '/usr/bin',
      '/bin',
    ]);
  });

  test('are told apart by semicolons on Windows, where \\x is relative to some drive', () => {
    expect(pathFolders('C:\\a b;.;x;\\x;\\\\server\\share;D:/y', 'win32')).toEqual([
      'C:\\a b',
      '\\\\server\\share',
      'D:/y',
    ]);
  });

  test('are found under `Path` too, on Windows only', () => {
    expect(pathVariable({ Path: 'C:\\x' }, 'win32')).toBe('C:\\x');
    expect(pathVariable({ Path: '/x' }, 'linux')).toBe('');
  });
});
