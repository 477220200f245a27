/** `helper audit` on files as they may be found; it needs no daemon. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let file: string;
beforeEach(() => {
  world = createWorld();
  const state = world.stateDir;
  mkdirSync(state, { recursive: true });
  file = join(state, 'audit.jsonl');
});
afterEach(() => world.close());

const line = (what: string, more = {}) =>
  `${JSON.stringify({ at: '2026-11-24T16:33:02.000Z', what, outcome: 'granted', ...more })}\n`;

const audit = (...args: string[]) =>
  world.helper(['audit', ...args], { env: { TZ: 'Europe/Berlin' } });

test('nothing recorded yet is no failure', async () => {
  const none = await audit('--json');
  expect(none).toMatchObject({ code: 0, stdout: '' });
  expect(none.stderr).toContain('`helper status` says so');
});

test('a line tells when, what, whose profile and who, in the zone of the reader', async () => {
  const caller = {
    uid: 1_000,
    pid: 4_711,
    program: '/usr/bin/node',
    parent: '/usr/bin/bash',
    parentPid: 4_700,
    label: 'pts/3',
  };
  const params = { what: 'client-secret' };
  writeFileSync(file, line('secret.answer', { caller, params, profile: 'default' }));
  expect((await audit()).stdout).toBe(
    '2026-11-24 17:33:02  granted  secret.answer  client-secret  [default]  pts/3, node 4711, from bash 4700, uid 1000\n',
  );
});

test('the file that was set aside comes first; people see 50 lines, as JSON come all', async () => {
  const many = (from: number) => Array.from({ length: 40 }, (_, n) => line(`m${from + n}`));
  writeFileSync(`${file}.1`, many(0).join(''));
  writeFileSync(file, many(40).join(''));
  const shown = (await audit()).stdout.trimEnd().split('\n');
  expect(shown).toHaveLength(50);
  expect(shown.at(0)).toContain('m30');
  expect(shown.at(-1)).toContain('m79');
  const json = (await audit('--json')).stdout.trimEnd().split('\n');
  expect(json.map((one) => JSON.parse(one).what)).toEqual(
    Array.from({ length: 80 }, (_, n) => `m${n}`),
  );
});

test('a link in the place of the one set aside is read once', async () => {
  writeFileSync(file, line('a'));
  symlinkSync(file, `${file}.1`);
  const { code, stdout } = await audit();
  expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 1 });
});

test('lines that are torn or not ours are counted, and the rest is shown', async () => {
  writeFileSync(file, `${line('a')}{"at":"20\n{"what":5}\n${line('b')}`);
  const { code, stdout, stderr } = await audit();
  expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 2 });
  expect(stderr).toBe(`2 of the lines in ${file} cannot be read.\n`);
});

test.each([[], ['--json']])(
  'what another program wrote there moves no cursor (%s)',
  async (...args) => {
    writeFileSync(file, line('\u001b[2Jx', { caller: { label: '\u009b31m\u202e' } }));
    const { stdout } = await audit(...args);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u001b\u009b\u202e]|\\u001b/);
    expect(stdout).toContain('x');
  },
);

test('a count that is none is refused', async () => {
  expect(await audit('--tail', '0')).toMatchObject({ code: 2, stdout: '' });
});
