import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPassphraseFile } from '../../../../daemon/keychain/passphrase-file.ts';
import { toFailure } from '../../../../shared/errors.ts';
import { testAsRoot } from '../../../support/test-where.ts';
import { nobody, open, person, place, plain, secretOf, stored, uid } from './samples.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'passphrase-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function fileWith(content: string | Buffer, mode = 0o600): string {
  const file = join(folder(), 'passphrase');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

function readerOf(named: string | undefined, credentials?: string, as = uid) {
  return openPassphraseFile({ named: () => named, credentials, uid: as });
}

/** The passphrase in it, or what a person is told without the file's name. */
function outcome(named: string | undefined, credentials?: string, as?: number) {
  try {
    return readerOf(named, credentials, as)()?.passphrase.reveal();
  } catch (thrown) {
    const { row } = toFailure(thrown);
    expect(row.name).toBe('passphrase-file');
    expect(row.says).not.toContain('hunter2');
    return row.says.replace(/^The passphrase file \S+ cannot be used: /, '');
  }
}

describe('its first line is the passphrase', () => {
  test.each([
    ['as echo writes it', 'right one\n', 'right one'],
    ['without an end', 'right', 'right'],
    ['with the line end of Windows', 'right\r\n', 'right'],
    ['with blanks', '  r \t\n', '  r \t'],
    ['with more below', 'right\nhunter2\n', 'right'],
    ['as long as may be', `${'x'.repeat(4_096)}\n`, 'x'.repeat(4_096)],
  ])('%s', (_, content, passphrase) => {
    expect(outcome(fileWith(content))).toBe(passphrase);
  });

  test.each([
    ['empty', '', 'its first line is empty.'],
    ['a line end', '\nhunter2', 'its first line is empty.'],
    ['too long', 'x'.repeat(4_097), 'its first line is longer than 4096 bytes.'],
    ['a film', Buffer.alloc(10_000_000, 'x'), 'its first line is longer than 4096 bytes.'],
  ])('and refused where it is %s', (_, content, problem) => {
    expect(outcome(fileWith(content))).toBe(problem);
  });
});

test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o677])('mode %o is refused', (mode) => {
  const file = fileWith('hunter2', mode);
  // The group of root has nobody else in it.
  if (uid === 0) chownSync(file, 0, 1);
  expect(outcome(file)).toBe(
    `its mode is 0${mode.toString(8)}, so others can read or write it; \`chmod 0600\` ends that.`,
  );
});

test.each([0o600, 0o400])('mode %o is fine', (mode) => {
  expect(outcome(fileWith('right', mode))).toBe('right');
});

testAsRoot('a file of another user is refused, one of root as systemd makes it is not', () => {
  const file = fileWith('right', 0o440);
  expect(outcome(file, undefined, 1234)).toBe('right');
  chmodSync(file, 0o460);
  expect(outcome(file, undefined, 1234)).toContain('its mode is 0460');
  chmodSync(file, 0o600);
  chownSync(file, 4321, 0);
  expect(outcome(file, undefined, 1234)).toBe('it belongs to user 4321.');
});

test('what is no file is refused, and a pipe does not hold anybody up', () => {
  const made = folder();
  expect(outcome(made)).toBe('it is not a file.');
  expect(outcome(join(made, 'missing'))).toBe('there is no such file.');
  execFileSync('mkfifo', ['-m', '600', join(made, 'pipe')]);
  expect(outcome(join(made, 'pipe'))).toBe('it is not a file.');
});

test('the credential counts where the settings name no file, and may be missing', () => {
  const credentials = folder();
  expect(outcome(undefined, credentials)).toBeUndefined();
  expect(outcome(undefined)).toBeUndefined();
  writeFileSync(join(credentials, 'bw-helper-passphrase'), 'from systemd', { mode: 0o400 });
  expect(outcome(undefined, credentials)).toBe('from systemd');
  expect(outcome(fileWith('named'), credentials)).toBe('named');
  expect(outcome(join(credentials, 'other'), credentials)).toBe('there is no such file.');
  chmodSync(join(credentials, 'bw-helper-passphrase'), 0o444);
  expect(outcome(undefined, credentials)).toContain('its mode is 0444');
  // A relative one would be somewhere below the folder of the daemon.
  expect(outcome(undefined, 'relative')).toBeUndefined();
});

describe('the keychain file', () => {
  test('is made and opened without asking anybody', async () => {
    const file = place();
    const passphraseFile = readerOf(fileWith('right\n'));
    await open(file, { passphraseFile }).set('default', secretOf('s'), nobody);
    expect(await plain(open(file, { passphraseFile }).get('default', nobody))).toBe('s');
    expect(await plain(open(file).get('default', person('right').ask))).toBe('s');
  });

  test('is told to be open, and why it is not', async () => {
    const file = await stored();
    const passphrase = fileWith('right');
    const keychain = open(file, { passphraseFile: readerOf(passphrase) });
    expect(await keychain.status('default')).toEqual({ stored: true, locked: false, where: file });
    chmodSync(passphrase, 0o604);
    expect(await keychain.status('default')).toMatchObject({
      locked: true,
      problem: expect.stringContaining('others can read'),
    });
    await expect(keychain.get('default', nobody)).rejects.toThrow('others can read');
    chmodSync(passphrase, 0o600);
    expect(await plain(keychain.get('default', nobody))).toBe('s3cret-Ω');
  });

  test('does not fall back to a person where the passphrase is wrong', async () => {
    const passphrase = fileWith('wrong');
    const asked = person('right');
    const keychain = open(await stored(), { passphraseFile: readerOf(passphrase) });
    await expect(keychain.get('default', asked.ask)).rejects.toThrow(
      `The passphrase file ${passphrase} cannot be used: what it holds does not open the keychain file.`,
    );
    expect(asked.asked).toEqual([]);
  });

  test('asks where there is none', async () => {
    const asked = person('right');
    const credentials = join(folder(), 'none');
    mkdirSync(credentials);
    const keychain = open(await stored(), { passphraseFile: readerOf(undefined, credentials) });
    expect(await plain(keychain.get('default', asked.ask))).toBe('s3cret-Ω');
    expect(asked.asked).toEqual(['open 1']);
  });
});
