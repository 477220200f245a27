import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('a reader that has read enough ends the output without a word of complaint', async () => {
  const { code, stderr } = await helper(['--help'], 'closed');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('a group without one of its commands prints its help, as helper alone does', async () => {
  const [group, alone] = await Promise.all([helper(['daemon']), helper([])]);
  expect(group).toMatchObject({ code: 0, stderr: '' });
  expect(group.stdout).toMatch(/^Usage: helper daemon .*\n[\s\S]*^ {2}restart /m);
  expect(alone).toMatchObject({ code: 0, stderr: '' });
  expect(alone.stdout).toMatch(/^Usage: helper \[/);
});

test('an unknown command or option is a usage error with nothing on stdout', async () => {
  const [command, option] = await Promise.all([helper(['daemon', 'bogus']), helper(['--bogus'])]);
  expect(command).toMatchObject({ code: 2, stdout: '' });
  expect(command.stderr).toMatch(/^helper: Unknown command 'bogus'/);
  expect(option).toMatchObject({ code: 2, stdout: '' });
  expect(option.stderr).toBe("helper: Unknown option '--bogus'\n        See `helper --help`.\n");
});

/** The built client, for what needs no daemon. */
async function helper(args: readonly string[], reader: 'reads' | 'closed' = 'reads') {
  const child = spawn(process.execPath, [resolve('dist/client/main.js'), ...args], {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, said] = [child.stdout, child.stderr].map((stream) => {
    const texts: string[] = [];
    stream.setEncoding('utf8').on('data', (text) => texts.push(text));
    return texts;
  });
  if (reader === 'closed') child.stdout.destroy();
  const code = await new Promise((ended) => child.once('close', ended));
  return { code, stdout: printed?.join(''), stderr: said?.join('') };
}
