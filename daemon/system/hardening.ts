/** What is in force of the daemon's hardening, read back from the kernel each time it is asked. */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import type { Result, ToDaemon } from '../../shared/protocol.ts';

/** What this system does not have, or does not tell, is left out. */
export type Hardening = NonNullable<Result<ToDaemon, 'daemon.info'>['hardening']>;

const PR_GET_DUMPABLE = 3;
// The same number on Linux and macOS.
const RLIMIT_CORE = 4;
const SIGUSR1 = { linux: 10, darwin: 30 } as const;
/** Larger than a struct sigaction, which begins with its handler, on either system. */
const SIGACTION_BYTES = 256;

/** Binds the calls of this system. */
export function loadHardening(platform: NodeJS.Platform): () => Hardening {
  if (platform !== 'linux' && platform !== 'darwin') return () => ({});
  // null is the running program, which has libc in it under whatever name.
  const libc = koffi.load(null);
  const getrlimit = libc.func('int getrlimit(int resource, _Out_ uint64_t *limits)');
  const sigaction = libc.func('int sigaction(int signal, const void *wanted, void *found)');
  const both = () => {
    const limits = [-1n, -1n];
    const handler = Buffer.alloc(SIGACTION_BYTES, -1);
    return {
      // The hard one counts too, as the soft one can be raised to it.
      coreLimitZero:
        getrlimit(RLIMIT_CORE, limits) === 0 && limits.every((limit) => Number(limit) === 0),
      // SIG_DFL is 0: Node does not listen for whoever wants its debugger.
      noDebugger:
        sigaction(SIGUSR1[platform], null, handler) === 0 && handler.readBigUInt64LE() === 0n,
    };
  };
  if (platform === 'darwin') return both;
  const prctl = libc.func(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  );
  return () => ({
    ...both(),
    notDumpable: prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) === 0,
    // process.umask() would set it to 0 for a moment, and other threads make files.
    privateFiles: /^Umask:\s+0?077$/m.test(readFileSync('/proc/self/status', 'utf8')),
  });
}
