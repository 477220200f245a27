/**
 * The user that root's tests run as. Before all tests, once: whether it can read what they need, and
 * what only the owner of the checkout may do.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './product.ts';

/** `nobody` on Linux; any number would do that is not root's. */
const NOBODY = 65_534;
/** Set for the processes of the tests where that user can read the checkout. */
const CAN_READ = 'BW_HELPER_TESTS_ORDINARY_USER';
/** Set in a process of the tests that was root's. */
export const GAVE_UP_ROOT = 'BW_HELPER_TESTS_GAVE_UP_ROOT';

export default function setUp(): void {
  // All of them call themselves `bw`, and npm made only one of them executable.
  for (const script of globSync('.ci/bw/node_modules/bw-*/build/bw.js', { cwd: checkout }))
    chmodSync(join(checkout, script), 0o755);
  if (process.getuid?.() !== 0) return;
  const read = ['.', 'node_modules/vitest', '.ci/bw/node_modules/bw-2025.4.0'];
  const installed = process.env.BW_HELPER_TEST_PRODUCT ?? checkout;
  const folders = [...read.map((path) => join(checkout, path)), installed];
  const unread = folders.find((folder) => !readByNobody(join(folder, 'package.json')));
  if (unread) console.error(`The tests run as root: no other user can read ${unread}.`);
  else process.env[CAN_READ] = '1';
}

/** The checkout may lie below a folder that is root's alone, or be made with such a umask. */
function readByNobody(file: string): boolean {
  const options = { uid: NOBODY, gid: NOBODY, cwd: '/' };
  const script = "require('node:fs').readFileSync(process.argv[1])";
  return spawnSync(process.execPath, ['-e', script, file], options).status === 0;
}

/** Gives up root for good, where there is root and another user to become. False where not. */
export function becomeOrdinary(): boolean {
  if (process.env[CAN_READ] !== '1') return false;
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
  process.env[GAVE_UP_ROOT] = '1';
  return true;
}
