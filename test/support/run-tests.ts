/**
 * Runs the tests and ends with one line: `N passed, N failed, N skipped`. An argument picks: a part
 * of a file's path, or else a part of a test's name. With `--long` first the long figures are run.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import type { TestCase } from 'vitest/node';
import { startVitest } from 'vitest/node';

/** A mirror that hangs must not cost the whole run. */
const SYSTEM_PACKAGES_MS = 5 * 60_000;

const words = process.argv.slice(2);
const [wanted] = words.filter((word) => word !== '--long');
if (words.includes('--long')) process.env.TEST_FIGURES = 'long';
const files = globSync('test/**/*.test.ts');
const isFile = wanted !== undefined && files.some((file) => file.includes(wanted));
const count = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];

// Where that fails the tests that miss something are left out, and say what.
if (process.env.CI === 'true' && process.getuid?.() === 0)
  spawnSync('sh', ['.ci/system-packages.sh'], { stdio: 'inherit', timeout: SYSTEM_PACKAGES_MS });

const vitest = await startVitest('test', isFile ? [wanted] : [], {
  watch: false,
  reporters: ['default', { onTestCaseResult: take }],
  ...(wanted !== undefined && !isFile && { testNamePattern: wanted }),
});
const broken = vitest.state.getUnhandledErrors().length + brokenFiles();
await vitest.close();

for (const line of skipped) console.log(`left out: ${line}`);
const failed = count.failed + broken;
console.log(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped`);
process.exit(failed > 0 || count.passed === 0 ? 1 : 0);

function take(test: TestCase): void {
  const result = test.result();
  if (result.state === 'pending') return;
  count[result.state] += 1;
  if (result.state !== 'skipped' || wanted) return;
  const why = result.note ?? (test.module.ok() ? 'not on this system' : 'its set-up failed');
  skipped.push(`${test.module.relativeModuleId}: ${test.name} (${why})`);
}

/** Files that failed outside any test, for instance at an import. */
function brokenFiles(): number {
  return vitest.state
    .getTestModules()
    .filter((module) => !module.ok() && module.errors().length > 0).length;
}
