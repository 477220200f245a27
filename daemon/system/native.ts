/** The few system calls that Node does not offer, by koffi; loaded in the daemon only. */
import koffi from 'koffi';
import { darwinNative } from './native-darwin.ts';
import { windowsNative } from './native-windows.ts';

export interface Native {
  /** Takes an exclusive lock that lives as long as the descriptor; false where somebody holds it. */
  lockFile(fd: number): boolean;
  /** Who is at the other end of a Unix socket, by the kernel's word; undefined where it cannot tell. */
  peer(socketFd: number): { uid: number; pid?: number } | undefined;
  /** How many descriptors this process may have, by its limit as it is now. */
  descriptorLimit(): number;
  /** No core dumps, no reading of our memory by others of the same user; hardening.ts tells whether. */
  harden(): void;
  /** Linux: the kernel kills us when our parent ends, however it ends. */
  endWithParent(): void;
}

const LOCK_EX_NB = 2 | 4;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SIGKILL = 9;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;

/** Binds the calls of this system. */
export function loadNative(platform: NodeJS.Platform): Native {
  if (platform === 'win32') return windowsNative();
  // null is the running program, which has libc in it under whatever name.
  const libc = koffi.load(null);
  if (platform === 'darwin') return darwinNative(libc);
  const flock = libc.func('int flock(int fd, int operation)');
  const setrlimit = libc.func('int setrlimit(int resource, const uint64_t *limits)');
  const getrlimit = libc.func('int getrlimit(int resource, _Out_ uint64_t *limits)');
  const getsockopt = libc.func(
    'int getsockopt(int fd, int level, int name, _Out_ int32_t *value, _Inout_ uint32_t *length)',
  );
  const prctl = libc.func(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  );
  return {
    lockFile: (fd) => flock(fd, LOCK_EX_NB) === 0,
    peer(fd) {
      // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
      const ucred = [0, 0, 0];
      if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred, [12]) !== 0) return undefined;
      const [pid = 0, uid = -1] = ucred;
      return { uid, pid };
    },
    descriptorLimit() {
      const limits = [0, 0];
      return getrlimit(RLIMIT_NOFILE, limits) === 0 ? Number(limits[0]) : Number.POSITIVE_INFINITY;
    },
    harden() {
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      setrlimit(RLIMIT_CORE, [0n, 0n]);
    },
    endWithParent: () => void prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0),
  };
}
