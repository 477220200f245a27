import { type TestContext, test } from 'vitest';

/** A test that is left out, with the reason told at the end of the run, where `met` is false. */
export function testWhere(met: boolean, needs: string) {
  return (name: string, body: () => unknown): void =>
    test(name, (context: TestContext) => (met ? (body() as Promise<void>) : context.skip(needs)));
}

const isRoot = process.getuid?.() === 0;

/** For what only root can set up. */
export const testAsRoot = testWhere(isRoot, 'needs root');
/** For refusals that root never meets. */
export const testAsUser = testWhere(
  !isRoot && process.platform !== 'win32',
  'needs a user who is not root, whom the system refuses nothing',
);
export const testOnLinux = testWhere(process.platform === 'linux', 'needs Linux');
export const testOnPosix = testWhere(process.platform !== 'win32', 'needs a POSIX system');
