import { expect, test } from 'vitest';
import {
  type ErrorName,
  errors,
  type Failure,
  failure,
  toFailure,
} from '../../../shared/errors.ts';

const rows = Object.entries(errors);

test('every failure has an exit code of its own that no shell or signal uses for another', () => {
  const codes = rows.map(([, { exit }]) => exit);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) {
    // What a shell says of a command, and `helper exec` too; these two never travel.
    if (code === 126 || code === 127) continue;
    // 1 is any crash; below 100, -32000 minus it stays in JSON-RPC's range for servers.
    expect(code).toBeGreaterThan(1);
    expect(code).toBeLessThan(100);
  }
});

test.each(rows)('%s says what happened and what to do, in whole sentences', (_, { says, next }) => {
  expect(says).toMatch(/^([{A-Z`]|bw).*[.}]$/);
  expect(next).toMatch(/^[A-Z].*\.$/);
  expect(`${says}${next}`).not.toContain('\n');
});

test.each(rows)('%s leaves no slot open when its data is given', (name, { says, next }) => {
  const slots = [...`${says} ${next}`.matchAll(/\{(\w+)\}/g)].map(([, slot]) => slot ?? '');
  const data = Object.fromEntries(slots.map((slot) => [slot, `<${slot}>`]));
  const { row } = (failure as (n: string, d: object) => Failure)(name, data);
  for (const slot of slots) expect(`${row.says} ${row.next}`).toContain(`<${slot}>`);
  expect(`${row.says} ${row.next}`).not.toMatch(/[{}]|undefined/);
});

test('a failure carries its row and is an Error with that sentence', () => {
  const made = failure('daemon-running', { pid: 42 });
  expect(made).toBeInstanceOf(Error);
  expect(made.row).toEqual({
    name: 'daemon-running',
    exit: 38,
    says: 'A daemon is already running (pid 42).',
    next: 'Use it, or run `helper daemon stop` first.',
  });
  expect(made.message).toBe(made.row.says);
  expect(made.name).toBe('daemon-running');
  expect(made.is('daemon-running')).toBe(true);
  expect(made.is('daemon-gone')).toBe(false);
});

test('data is made printable, and is never taken for a template', () => {
  const { row } = failure('bw-refused', { file: '/a\u001b[31m\nb', problem: '{file} $& $1' });
  expect(row.says).toBe('Refusing to run /a b: {file} $& $1.');
});

test('the sentence of another failure brings its own full stop', () => {
  const { message } = failure('data-file-unwritable', { file: '/d', problem: 'no space is left' });
  expect(failure('lock-failed', { problem: message }).message).toBe(
    'The session has ended here, but the vault could not be locked: /d cannot be written: no space is left.',
  );
});

test('data of the same name fills both sentences', () => {
  const { row } = failure('bw-timeout', { command: 'sync', seconds: 120 });
  expect(row.says).toBe('`bw sync` did not finish within 120 s and was stopped.');
  expect(row.next).toContain('run `bw sync` by hand');
});

test('a failure stays itself', () => {
  const made = failure('wrong-password');
  expect(toFailure(made)).toBe(made);
});

test.each([
  ['EMFILE', 'the process'],
  ['ENFILE', 'the whole system'],
])('%s is no mistake of ours, wherever it comes from', (code, who) => {
  const { row } = toFailure(Object.assign(new Error('open /home/ada'), { code }));
  expect(row).toMatchObject({
    name: 'too-many-files',
    exit: 82,
    says: `Too many files are open: ${who} has reached its limit.`,
  });
});

test.each([
  [Object.assign(new Error('open /home/ada: hunter2'), { code: 'ENOENT' }), 'ENOENT'],
  [new TypeError('hunter2 is not a function'), 'TypeError'],
  ['hunter2', 'string'],
  [null, 'object'],
  [undefined, 'undefined'],
  [{ message: 'hunter2' }, 'object'],
])('of %o only the kind travels', (thrown, kind) => {
  const { row } = toFailure(thrown);
  expect(row.name).toBe('internal' satisfies ErrorName);
  expect(row.says).toBe(`Something went wrong inside bw-helper (${kind}).`);
});
