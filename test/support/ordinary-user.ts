/**
 * The user that root's tests run as. Before all tests, once: whether it can read what they need, and
 * what only the owner of the checkout may do.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, product } from './product.ts';

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
  const unread = [checkout, product].find((folder) => !readByNobody(folder));
  if (unread) console.error(`The tests run as root: no other user can read ${unread}.`);
  else process.env[CAN_READ] = '1';
}

/** The checkout may lie below a folder that is root's alone. */
function readByNobody(folder: string): boolean {
  const options = { uid: NOBODY, gid: NOBODY, cwd: '/' };
  const script = 'process.chdir(process.argv[1])';
  return spawnSync(process.execPath, ['-e', script, folder], options).status === 0;
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
