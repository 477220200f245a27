import { type TestContext, test } from 'vitest';
import { GAVE_UP_ROOT } from './ordinary-user.ts';

/** A test that is left out, with the reason told at the end of the run, where `met` is false. */
export function testWhere(met: boolean, needs: string) {
  return (name: string, body: () => unknown, boundMs?: number): void =>
    test(
      name,
      (context: TestContext) => (met ? (body() as Promise<void>) : context.skip(needs)),
      boundMs,
    );
}

const isOrdinary = process.getuid?.() !== 0;

/** For what asks for root. Throws where root was given up by mistake: such a test would always be left out. */
export function isRoot(): boolean {
  if (process.env[GAVE_UP_ROOT]) throw new Error('as-ordinary-user.ts must name this test');
  return !isOrdinary;
}

/** For what only root can set up. */
export function testAsRoot(name: string, body: () => unknown): void {
  testWhere(isRoot(), 'needs root')(name, body);
}
/** For refusals that root never meets. */
export const testAsUser = testWhere(
  isOrdinary && process.platform !== 'win32',
  'needs a user who is not root, whom the system refuses nothing',
);
export const testOnLinux = testWhere(process.platform === 'linux', 'needs Linux');
export const testOnPosix = testWhere(process.platform !== 'win32', 'needs a POSIX system');
