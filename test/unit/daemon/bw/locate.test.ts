import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type LocateOptions,
  locateBw,
  refuseVersion,
  stampOf,
  wellKnownFolders,
} from '../../../../daemon/bw/locate.ts';
import { Failure } from '../../../../shared/errors.ts';

const uid = process.getuid?.() ?? -1;
const nodePath = '/opt/node/bin/node';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'locate-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes an executable below the test's folder, with the folders above it. */
function put(path: string, content: string, mode = 0o755): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** A package as npm installs it, and npm's link to its program in `bin`. */
function npmPackage(version = '2026.9.0'): { script: string; folder: string } {
  const script = put('lib/node_modules/@bitwarden/cli/build/bw.js', '#!/usr/bin/env node\n');
  const about = JSON.stringify({ name: '@bitwarden/cli', version });
  put('lib/node_modules/@bitwarden/cli/package.json', about, 0o644);
  put('lib/node_modules/@bitwarden/cli/build/package.json', '{"type":"commonjs"}', 0o644);
  const folder = join(root, 'bin');
  mkdirSync(folder);
  symlinkSync(relative(folder, script), join(folder, 'bw'));
  return { script, folder };
}

const locate = (pathVariable: string, options: Partial<LocateOptions> = {}) =>
  locateBw({ pathVariable, platform: 'linux', uid, nodePath, wellKnown: [], ...options });

function failureOf(attempt: () => unknown): Failure {
  try {
    attempt();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
  }
  throw new Error('it was expected to fail');
}

describe('bw', () => {
  test("behind npm's link is the script, run by our own Node, its version known", () => {
    const { script, folder } = npmPackage();
    expect(locate(folder)).toMatchObject({
      command: nodePath,
      prefix: [script],
      file: script,
      version: '2026.9.0',
    });
  });

  test('as a native program is run as it is, its version not known yet', () => {
    const file = put('bin/bw', '\u007fELF…');
    expect(locate(join(root, 'bin'))).toMatchObject({
      command: file,
      prefix: [],
      version: undefined,
    });
  });

  test('as a script without extension is run by our own Node when it asks for one', () => {
    const file = put('bin/bw', '#!/usr/bin/env -S node --no-warnings\n');
    expect(locate(join(root, 'bin'))).toMatchObject({ command: nodePath, prefix: [file] });
  });

  test('is the first in PATH that can be run: no folder, nothing without the x bit', () => {
    mkdirSync(join(root, 'a/bw'), { recursive: true });
    put('b/bw', 'not executable', 0o644);
    const third = put('c/bw', 'native');
    put('d/bw', 'native');
    const path = ['a', 'b', 'c', 'd', 'missing'].map((name) => join(root, name)).join(':');
    expect(locate(path).file).toBe(third);
  });

  test('is not looked for in relative entries of PATH', () => {
    put('bin/bw', 'native');
    const here = relative(process.cwd(), join(root, 'bin'));
    expect(failureOf(() => locate(`${here}:`)).row.name).toBe('bw-not-found');
  });

  test('is looked for in well-known folders after PATH', () => {
    const file = put('usr-local/bw', 'native');
    const wellKnown = [join(root, 'usr-local')];
    expect(locate('/no/such/folder', { wellKnown }).file).toBe(file);
    const first = put('bin/bw', 'native');
    expect(locate(join(root, 'bin'), { wellKnown }).file).toBe(first);
  });

  test('is the one the settings name, whatever is in PATH', () => {
    put('bin/bw', 'native');
    const script = put('elsewhere/bw.js', '', 0o644);
    expect(locate(join(root, 'bin'), { bwPath: script }).prefix).toEqual([script]);
  });

  test('is not looked for elsewhere when the settings name one that is not there', () => {
    put('bin/bw', 'native');
    const attempt = () => locate(join(root, 'bin'), { bwPath: join(root, 'gone') });
    const { row, message } = failureOf(attempt);
    expect(row.name).toBe('bw-refused');
    expect(message).toContain(join(root, 'gone'));
  });

  test("on Windows is the script that npm's shim names, never the shim", () => {
    const script = put('npm/node_modules/@bitwarden/cli/build/bw.js', '');
    put(
      'npm/bw.cmd',
      'endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\@bitwarden\\cli\\build\\bw.js" %*\r\n',
    );
    const found = locate('', { platform: 'win32', wellKnown: [join(root, 'npm')] });
    expect(found).toMatchObject({ command: nodePath, prefix: [script] });
  });

  test('on Windows is refused when its shim names no script', () => {
    const bwPath = put('npm/bw.cmd', '@echo off\r\nstart calc.exe\r\n');
    const { row } = failureOf(() => locate('', { platform: 'win32', bwPath }));
    expect(row.name).toBe('bw-refused');
  });
});

test('beside PATH nothing is looked at on Windows that its users may make themselves', () => {
  expect(wellKnownFolders('linux', '/opt/node/bin/node')).toContain('/usr/local/bin');
  // Without a drive it would be a folder of the drive we happen to stand on.
  expect(wellKnownFolders('win32', '/opt/node/bin/node')).toEqual(['/opt/node/bin']);
});

describe('bw is refused', () => {
  const refusal = (attempt: () => unknown) => {
    const { row } = failureOf(attempt);
    expect(row.name).toBe('bw-refused');
    return row.says;
  };

  test('where everybody may write to a folder above it', () => {
    const { script, folder } = npmPackage();
    const open = dirname(dirname(script));
    chmodSync(open, 0o777);
    expect(refusal(() => locate(folder))).toContain(`everybody may write to ${open}`);
    chmodSync(open, 0o1777);
    expect(locate(folder).file).toBe(script);
  });

  test('where everybody may write to the file, in a sticky folder too', () => {
    const file = put('bin/bw', 'native', 0o777);
    chmodSync(join(root, 'bin'), 0o1777);
    expect(refusal(() => locate(join(root, 'bin')))).toContain(`everybody may write to ${file}`);
  });

  test('where everybody may change the link to it', () => {
    const { folder } = npmPackage();
    chmodSync(folder, 0o777);
    expect(refusal(() => locate(folder))).toContain(`everybody may write to ${folder}`);
  });

  test('where it belongs to neither the user nor root', () => {
    const file = put('bin/bw', 'native');
    // Root's files are fine for everybody: as root, give it to somebody first.
    if (uid === 0) chownSync(file, 54_321, 54_321);
    const says = refusal(() => locate(join(root, 'bin'), { uid: 12_345 }));
    expect(says).toMatch(/belongs to another user/);
  });

  test('in version 2026.4.0, by name', () => {
    const { folder } = npmPackage('2026.4.0');
    expect(refusal(() => locate(folder))).toContain('2026.4.0');
    expect(refusal(() => refuseVersion('2026.4.0\n', '/usr/bin/bw'))).toContain('/usr/bin/bw');
    expect(() => refuseVersion('2026.4.1', '/usr/bin/bw')).not.toThrow();
  });

  test('where a folder beside the executable would take the place of the data folder it is given', () => {
    put('native/bw', 'native');
    const { script } = npmPackage();
    mkdirSync(join(root, 'native/bw-data'));
    expect(refusal(() => locate(join(root, 'native')))).toContain(join(root, 'native/bw-data'));
    const nodeBeside = { bwPath: script, nodePath: join(root, 'native/node') };
    expect(refusal(() => locate('', nodeBeside))).toContain(join(root, 'native/bw-data'));
    expect(locate('', { bwPath: script }).file).toBe(script);
  });

  test('when the settings name it by a relative path', () => {
    expect(refusal(() => locate('', { bwPath: 'bin/bw' }))).toContain('not absolute');
  });
});

describe('a change of bw', () => {
  test('is known to raise the challenge by the field that it sends, in whatever kind of file', () => {
    const { folder } = npmPackage();
    expect(locate(folder).raisesChallenge).toBe(false);
    put('old/bw', '\x7fELF … obj.captchaResponse = this.captchaResponse; …');
    expect(locate(join(root, 'old')).raisesChallenge).toBe(true);
  });

  test('shows in its stamp, and an unchanged one keeps it', () => {
    const { script, folder } = npmPackage();
    const { stamp, sha256 } = locate(folder);
    expect(stampOf(script)).toBe(stamp);
    writeFileSync(script, '#!/usr/bin/env node\n// another\n');
    expect(stampOf(script)).not.toBe(stamp);
    expect(locate(folder).sha256).not.toBe(sha256);
  });

  test('shows when it is gone', () => {
    const { script } = npmPackage();
    rmSync(script);
    expect(stampOf(script)).toBe('gone');
  });
});
