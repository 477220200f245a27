/** Builds of other versions of the protocol, as they meet after an update. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A folder with the client and daemon of one version; the path of its client. */
export function buildVersion(protocol: number, oldestClient = 1): string {
  const folder = mkdtempSync(join(tmpdir(), `bwh-v${protocol}-`));
  const out = join(folder, 'dist');
  mkdirSync(out);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const wanted = ['--protocol', String(protocol), '--oldest-client', String(oldestClient)];
  const args = [resolve('.ci/build.mjs'), '--out', out, ...wanted];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The build failed: ${stderr}`);
  return join(out, 'client', 'main.js');
}
