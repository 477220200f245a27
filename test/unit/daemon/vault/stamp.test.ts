import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { folderWith, hastyClock } from './samples.ts';

/** The stamp of a file that was changed this long ago. */
function stampAfter(ms: number): string | undefined {
  const folder = folderWith({ a: 1 });
  const { ctimeMs } = statSync(join(folder, 'data.json'));
  const clock = { ...hastyClock(), wallMs: () => Math.floor(ctimeMs) + ms };
  return openDataFile(folder, { clock, platform: process.platform }).stamp();
}

test.each([0, 10, 49, -10])(
  'a file changed %i ms ago has none: the next write may get the same time',
  (ms) => expect(stampAfter(ms)).toBeUndefined(),
);

test.each([50, 1_000, -3_600_000])('a file changed %i ms ago has one', (ms) =>
  expect(stampAfter(ms)).toMatch(/^\d+:\d+:\d+:\d+$/),
);
