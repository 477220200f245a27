/**
 * Before all tests, once: packs the checkout as it is built and installs the tarball, so that what is
 * tested is what a person gets, with only what it declares to depend on. With BW_HELPER_TEST_PRODUCT
 * set, that folder is tested instead; where npm can install nothing, the checkout's own build.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installLocked, pack } from './package.ts';

export default function setUp(): (() => void) | undefined {
  if (process.env.BW_HELPER_TEST_PRODUCT) return;
  const folder = mkdtempSync(join(tmpdir(), 'bwh-product-'));
  // Other users run it too.
  chmodSync(folder, 0o755);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const installed = installLocked(pack(folder).file, folder);
  if (!installed) {
    console.error('npm could not install the tarball, so the tests run the build in dist/.');
    remove();
    return;
  }
  process.env.BW_HELPER_TEST_PRODUCT = installed;
  return remove;
}
