/** `npm run docs`: writes every page, and every part of a page, that is made from a table in the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages } from './pages.ts';

const root = join(import.meta.dirname, '..', '..');

for (const [page, write] of Object.entries(pages)) {
  const file = join(root, page);
  const before = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  const after = write(before);
  if (after !== before) writeFileSync(file, after);
  console.log(`${after === before ? 'as it was' : 'written  '}  ${page}`);
}
