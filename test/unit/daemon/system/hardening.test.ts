/** What is told of the hardening is what the kernel says, not what was wanted. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { testOnLinux } from '../../../support/test-where.ts';

const PLAIN = 'ulimit -S -c 0; umask 022; exec "$@"';

/** What a process tells after `steps`; each is a line of a program. */
function told(steps: readonly string[], flags: readonly string[] = []): unknown {
  const program = [
    `import { loadHardening } from './daemon/system/hardening.ts';`,
    `import { loadNative } from './daemon/system/native.ts';`,
    'const hardening = loadHardening(process.platform);',
    ...steps,
    'console.log(JSON.stringify(hardening()));',
  ].join('\n');
  const command = [process.execPath, ...flags, '--input-type=module-typescript', '-e', program];
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', PLAIN, 'sh', ...command], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

testOnLinux('of a process that did nothing for it: nothing', () => {
  // Its soft limit is 0, and could be raised again.
  expect(told([])).toEqual({
    coreLimitZero: false,
    notDumpable: false,
    noDebugger: false,
    privateFiles: false,
  });
});

testOnLinux('of one that did everything: everything', () => {
  const steps = ['process.umask(0o077);', 'loadNative(process.platform).harden();'];
  expect(told(steps, ['--disable-sigusr1'])).toEqual({
    coreLimitZero: true,
    notDumpable: true,
    noDebugger: true,
    privateFiles: true,
  });
});

testOnLinux('and what no longer holds a moment later is told so', () => {
  const steps = [
    'process.umask(0o077);',
    'loadNative(process.platform).harden();',
    'hardening();',
    'process.umask(0o027);',
    "process.on('SIGUSR1', () => {});",
  ];
  expect(told(steps, ['--disable-sigusr1'])).toMatchObject({
    coreLimitZero: true,
    noDebugger: false,
    privateFiles: false,
  });
});
