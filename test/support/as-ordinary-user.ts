/**
 * In each test's process, before the test is loaded: root gives itself up, as the system refuses root
 * nothing, and so would refuse nothing to the product that it runs. Who has to be root is named here.
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect } from 'vitest';
import { becomeOrdinary } from './ordinary-user.ts';

/** They play two users, mount small disks, read what a daemon hides, or install a package with the npm of who runs them. */
const KEEP_ROOT = [
  'test/e2e/package.test.ts',
  'test/reliability/{full-disk,full-disk-in-place,read-only-home}.test.ts',
  'test/reliability/{killed-starting,killed-state,killed-writing}.test.ts',
  'test/reliability/{clock,no-descriptors,no-libsecret,soak}.test.ts',
  'test/security/{canary,client-memory,environment,hardening,other-user,supply-chain}.test.ts',
  'test/unit/daemon/keychain/{damage,passphrase-file}.test.ts',
  'test/unit/daemon/settings/settings.test.ts',
];

const { testPath } = expect.getState();
const keepsRoot = globSync(KEEP_ROOT).some((file) => resolve(file) === testPath);
if (!keepsRoot && becomeOrdinary()) {
  const home = mkdtempSync(join(tmpdir(), 'bwh-home-'));
  process.env.HOME = home;
  afterAll(() => rmSync(home, { recursive: true, force: true }));
}
