/**
 * Breaks a copy of the code in one way after another and sees that the named test turns red. Ends
 * with `N caught, N survived, N left out`; an argument picks by a part of what is broken.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutants } from './mutants.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const NOT_COPIED = new Set(['node_modules', '.git', 'dist']);

const copy = mkdtempSync(join(tmpdir(), 'bwh-'));
const survived: string[] = [];
const [picked = ''] = process.argv.slice(2);
const isRoot = process.getuid?.() === 0;
const wanted = mutants.filter(({ breaks }) => breaks.includes(picked));
const chosen = wanted.filter(({ needsRoot }) => isRoot || !needsRoot);
const leftOut = wanted.filter((mutant) => !chosen.includes(mutant));
try {
  cpSync(root, copy, {
    recursive: true,
    filter: (path) =>
      !relative(root, path)
        .split(sep)
        .some((part) => NOT_COPIED.has(part)),
  });
  for (const folder of ['node_modules', join('.ci', 'bw', 'node_modules')])
    symlinkSync(join(root, folder), join(copy, folder));
  // The tests do not run as root.
  chmodSync(copy, 0o755);
  // Red must mean the break, so all of them are green without it.
  build();
  for (const file of new Set(chosen.map(({ caughtBy }) => caughtBy)))
    if (test(file) !== 0) throw new Error(`${file} is red without any break`);
  for (const mutant of chosen) {
    const caught = isCaught(mutant);
    console.log(`${caught ? 'caught' : 'SURVIVED'}: ${mutant.breaks} (${mutant.caughtBy})`);
    if (!caught) survived.push(mutant.breaks);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
for (const { breaks } of leftOut) console.log(`left out: ${breaks} (needs root)`);
console.log(
  `${chosen.length - survived.length} caught, ${survived.length} survived, ${leftOut.length} left out`,
);
process.exitCode = survived.length > 0 || chosen.length === 0 ? 1 : 0;

function isCaught({ file, from, to, caughtBy }: Mutant): boolean {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  if (whole.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
  writeFileSync(
    path,
    whole.replace(from, () => to),
  );
  try {
    build();
    return test(caughtBy) === 1;
  } finally {
    writeFileSync(path, whole);
  }
}

function build(): void {
  const { status, stderr } = run(['.ci/build.mjs']);
  if (status !== 0) throw new Error(`it does not build: ${stderr}`);
}

function test(file: string): number | null {
  const vitest = 'node_modules/vitest/vitest.mjs';
  return run([vitest, 'run', '--bail=1', '--testTimeout=90000', file]).status;
}

function run(args: readonly string[]) {
  return spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
}
