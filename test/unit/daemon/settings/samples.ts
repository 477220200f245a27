/** Settings files in temp folders, and what a person is told about them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openSettings } from '../../../../daemon/settings/settings.ts';
import { toFailure } from '../../../../shared/errors.ts';

export const uid = process.getuid?.() ?? -1;
export const home = '/home/ada';

/** A settings file in a temp folder; a path without a file where there is no text. */
export function place(text?: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'config.toml');
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** What the settings are with this text. */
export function read(text: string | Buffer) {
  return openSettings({ file: place(text), home, uid }).read();
}

/** The sentence that a person gets for `file`, without its name. */
export function problemOf(file: string): string {
  try {
    openSettings({ file, home, uid }).read();
  } catch (thrown) {
    const { row } = toFailure(thrown);
    expect(row.name).toBe('settings-invalid');
    expect(row.says).toContain(`${file}: `);
    return row.says.replace(`${file}: `, '');
  }
  return 'nothing';
}

/** The same for a file with this text. */
export const problemIn = (text: string | Buffer) => problemOf(place(text));
