import { expect, test } from 'vitest';
import { darwinNative } from '../../../../daemon/system/native-darwin.ts';

type Func = Parameters<typeof darwinNative>[0]['func'];

const PEERCRED = 1;
const PEERPID = 2;

/** macOS's calls, with a socket (descriptor 5) at whose other end is user 501. */
function played({ version = 0, tellsPid = true } = {}) {
  const calls: unknown[][] = [];
  const known: Record<string, (...args: never[]) => number> = {
    flock: (fd: number, operation: number) => (fd === 3 && operation === 6 ? 0 : -1),
    setrlimit(resource: number, limits: bigint[]) {
      calls.push(['setrlimit', resource, limits]);
      return 0;
    },
    getrlimit(resource: number, limits: (number | bigint)[]) {
      // RLIM_INFINITY is the largest number with a sign.
      limits.splice(0, 2, resource === 8 ? 256 : 0, 2n ** 63n - 1n);
      return 0;
    },
    getsockopt(fd: number, level: number, name: number, value: number[], size: number[]) {
      if (fd !== 5 || level !== 0 || size[0] !== value.length * 4) return -1;
      if (name === PEERCRED && value.length === 19) value.splice(0, 4, version, 501, 1, 20);
      else if (name === PEERPID && tellsPid && value.length === 1) value[0] = 77;
      else return -1;
      return 0;
    },
  };
  const func = (declaration: string) => known[/(\w+)\(/.exec(declaration)?.[1] ?? ''];
  return { native: darwinNative({ func: func as unknown as Func }), calls };
}

test('who is at the other end of a socket', () => {
  expect(played().native.peer(5)).toEqual({ uid: 501, pid: 77 });
  expect(played({ tellsPid: false }).native.peer(5)).toEqual({ uid: 501 });
});

test('nobody is named where the system does not tell, or in another form', () => {
  expect(played().native.peer(-1)).toBeUndefined();
  expect(played({ version: 1 }).native.peer(5)).toBeUndefined();
});

test('a lock that somebody holds is not taken', () => {
  const { lockFile } = played().native;
  expect([lockFile(3), lockFile(4)]).toEqual([true, false]);
});

test('no core is dumped', () => {
  const { native, calls } = played();
  native.harden();
  expect(calls).toEqual([['setrlimit', 4, [0n, 0n]]]);
});

test('the limit of descriptors is the soft one', () => {
  expect(played().native.descriptorLimit()).toBe(256);
});
