import type koffi from 'koffi';
import type { Native } from './native.ts';

const LOCK_EX_NB = 2 | 4;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 8;
/** Options of a Unix socket (sys/un.h). */
const SOL_LOCAL = 0;
const LOCAL_PEERCRED = 1;
const LOCAL_PEERPID = 2;
/** struct xucred { u_int version; uid_t uid; short groups; gid_t group[16]; } as 32-bit words. */
const XUCRED_WORDS = 19;
const XUCRED_VERSION = 0;

/** macOS; `libc` is the running program. Tried with a libc that is played only. */
export function darwinNative(libc: Pick<ReturnType<typeof koffi.load>, 'func'>): Native {
  const flock = libc.func('int flock(int fd, int operation)');
  const setrlimit = libc.func('int setrlimit(int resource, const uint64_t *limits)');
  const getrlimit = libc.func('int getrlimit(int resource, _Out_ uint64_t *limits)');
  const getsockopt = libc.func(
    'int getsockopt(int fd, int level, int name, _Out_ uint32_t *value, _Inout_ uint32_t *length)',
  );
  const read = (fd: number, name: number, words: number): number[] | undefined => {
    const value = Array<number>(words).fill(0);
    return getsockopt(fd, SOL_LOCAL, name, value, [4 * words]) === 0 ? value : undefined;
  };
  return {
    lockFile: (fd) => flock(fd, LOCK_EX_NB) === 0,
    peer(fd) {
      const credentials = read(fd, LOCAL_PEERCRED, XUCRED_WORDS);
      const [version, uid = -1] = credentials ?? [];
      // Another version would have its fields elsewhere.
      if (version !== XUCRED_VERSION) return undefined;
      const [pid] = read(fd, LOCAL_PEERPID, 1) ?? [];
      return pid === undefined ? { uid } : { uid, pid };
    },
    descriptorLimit() {
      const limits = [0, 0];
      return getrlimit(RLIMIT_NOFILE, limits) === 0 ? Number(limits[0]) : Number.POSITIVE_INFINITY;
    },
    harden: () => void setrlimit(RLIMIT_CORE, [0n, 0n]),
    endWithParent() {},
  };
}
