import koffi from 'koffi';
import type { Native } from './native.ts';

const LOCKFILE_EXCLUSIVE_NOW = 1 | 2;
/** Far behind the end of any file: a lock of Windows keeps others from reading what it covers. */
const WHERE = { low: 0xffff_0000, high: 0x7fff_ffff } as const;

/**
 * Windows: the lock of a file, for as long as the process holds it open. Not a named mutex, whose name
 * every user of the machine could take first. Who is at the other end of a pipe the kernel does not say.
 */
export function windowsNative(): Native {
  // Node itself, which knows the handle behind a descriptor.
  const handleOf = koffi.load(null).func('intptr_t uv_get_osfhandle(int fd)');
  const lockFileEx = koffi
    .load('kernel32.dll')
    .func(
      'bool __stdcall LockFileEx(intptr_t file, uint32_t flags, uint32_t reserved, uint32_t low, uint32_t high, void *overlapped)',
    );
  return {
    lockFile(fd) {
      // OVERLAPPED of 64-bit Windows: the place stands behind two words that the system writes.
      const overlapped = Buffer.alloc(32);
      overlapped.writeUInt32LE(WHERE.low, 16);
      overlapped.writeUInt32LE(WHERE.high, 20);
      return lockFileEx(handleOf(fd), LOCKFILE_EXCLUSIVE_NOW, 0, 1, 0, overlapped);
    },
    peer: () => undefined,
    descriptorLimit: () => Number.POSITIVE_INFINITY,
    harden() {},
    endWithParent() {},
  };
}
