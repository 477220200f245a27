/** What this process holds, while it holds a password or another secret, is not for others. */

export interface Memory {
  /**
   * To be awaited before a secret is read: no core file from here on, and on Linux neither a debugger
   * nor a program that is handed cores, which asks for no limit. Loads koffi, so never on the hot path.
   */
  hide(): Promise<void>;
  /** The limit as it was, for a program that this process becomes: the rest ends by itself there. */
  asBefore(): void;
}

// The same number on Linux and macOS.
const RLIMIT_CORE = 4;
const PR_SET_DUMPABLE = 4;

export function createMemory(platform: NodeJS.Platform): Memory {
  let restore: (() => void) | undefined;
  return {
    async hide() {
      if (restore || platform === 'win32') return;
      // biome-ignore lint/style/noRestrictedImports: a person is about to type, which takes longer.
      const { default: koffi } = await import('koffi');
      // null is the running program, which has libc in it under whatever name.
      const libc = koffi.load(null);
      const setrlimit = libc.func('int setrlimit(int resource, const uint64_t *limits)');
      const before = [0n, 0n];
      libc.func('int getrlimit(int resource, _Out_ uint64_t *limits)')(RLIMIT_CORE, before);
      restore = () => void setrlimit(RLIMIT_CORE, before);
      // The soft one alone, as from the hard one there is no way back.
      setrlimit(RLIMIT_CORE, [0n, before[1]]);
      if (platform !== 'linux') return;
      const prctl = libc.func(
        'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
      );
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    },
    asBefore: () => restore?.(),
  };
}
