import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errors } from '../../../shared/errors.ts';
import { troubleshooting } from '../../../shared/troubleshooting.ts';

/** The built client, where no daemon runs and none can be started. */
function helper(...args: string[]) {
  const main = resolve('dist/client/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    env: { XDG_RUNTIME_DIR: '/dev/null', HOME: '/dev/null' },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ');

describe('helper help NAME', () => {
  test.each(['vault-locked', 'usage', 'keychain-too-large'] as const)(
    'of %s prints its exit code, what it says, what to do, and what else is known',
    (name) => {
      const { code, stdout, stderr } = helper('help', name);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^${name} \\(exit code ${errors[name].exit}\\)\n\n`));
      const { says, next } = errors[name];
      for (const sentence of [says, next, troubleshooting[name] ?? ''])
        expect(oneLine(stdout)).toContain(sentence.replace(/\{(\w+)\}/g, '<$1>'));
    },
  );

  test('fits a terminal of 80 columns', () => {
    const lines = helper('help', 'server-unreachable').stdout.split('\n');
    expect(lines.length).toBeGreaterThan(5);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each([
    ['vault-lokced', ' Did you mean vault-locked?'],
    ['unlok', ' Did you mean unlock?'],
    ['quite-something-else', ''],
    ['__proto__', ''],
  ])('of %s names the nearest one, if there is one', (name, guess) => {
    expect(helper('help', name)).toEqual({
      code: 2,
      stdout: '',
      stderr: `helper: There is no command and no error '${name}'.${guess}\n        See \`helper help --help\`.\n`,
    });
  });

  test.each([[['unlock']], [['secret', 'set']], [[]]])('of the command %j is its help', (words) => {
    const { code, stdout } = helper('help', ...words);
    expect(code).toBe(0);
    expect(stdout).toBe(helper(...words, '--help').stdout);
  });
});

test('a failure names the help that tells more, in the line that says what to do', () => {
  expect(helper('get-session', '--no-input')).toEqual({
    code: 41,
    stdout: '',
    stderr: expect.stringMatching(
      /^helper: .*\n {8}.* More: `helper help runtime-folder-unsafe`\.\n$/,
    ),
  });
});

test('a failure about which no more is known names none', () => {
  expect(troubleshooting.usage).toBeUndefined();
  expect(helper('bogus').stderr).not.toContain('More');
});

test.each([
  [['bogus'], 'helper'],
  [['unlock', '--idle', 'soon'], 'helper unlock'],
  [['secret', 'move', '--to', 'nowhere'], 'helper secret move'],
  [['daemon', 'logs'], 'helper daemon logs'],
  [['daemon', 'bogus'], 'helper daemon'],
])('bad usage %j points at the help of its own command', (args, command) => {
  const { code, stderr } = helper(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(new RegExp(`\n {8}See \`${command} --help\`\\.\n$`));
});
