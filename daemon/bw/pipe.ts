import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** Both ends of an anonymous pipe, as descriptors that no child inherits by accident. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

const O_CLOEXEC = 0o2000000;

/**
 * Makes anonymous pipes on Linux; undefined elsewhere, where they are not needed.
 *
 * Node gives children socket pairs, and Linux refuses to open `/dev/stdin` when it is a socket (ENXIO,
 * seen with Node 24), so that `--passwordfile /dev/stdin` works with a true pipe only. A fifo in the
 * file system is no way out: opening it again waits for a writer. On macOS opening `/dev/stdin`
 * duplicates the descriptor, whatever it is.
 */
export function loadPipe(platform: NodeJS.Platform): (() => Pipe) | undefined {
  if (platform !== 'linux') return undefined;
  // null is the running program, which has libc in it under whatever name.
  const pipe2 = koffi.load(null).func('int pipe2(_Out_ int *ends, int flags)');
  return () => {
    const ends = [-1, -1];
    if (pipe2(ends, O_CLOEXEC) !== 0)
      throw Object.assign(new Error('no pipe'), { code: getSystemErrorName(-koffi.errno()) });
    const [read = -1, write = -1] = ends;
    return { read, write };
  };
}
