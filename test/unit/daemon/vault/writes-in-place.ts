/**
 * Sets `<name>0` … one after the other in a data.json, as bw does: its lock, read, truncate, write.
 * Arguments: file, name, count.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { lock } from 'proper-lockfile';

const [file = '', name = '', count = '0'] = process.argv.slice(2);
const retries = { retries: 50, minTimeout: 10, maxTimeout: 25 };

for (let n = 0; n < Number(count); n += 1) {
  const release = await lock(file, { retries });
  const json = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...json, [`${name}${n}`]: 'x'.repeat(10_000) }, null, 2));
  await release();
}
