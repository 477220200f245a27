/**
 * How client and daemon know each other where the kernel does not tell: on Windows everybody may open
 * a named pipe. Both hold a key out of a file that only the user can read, and prove it, the daemon
 * first, over numbers that each side chose anew. The key itself never goes over the pipe.
 *
 *     client → daemon   its number
 *     daemon → client   its number, its proof
 *     client → daemon   its proof, and from here on frames
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';

export const KEY_BYTES = 32;
export const NUMBER_BYTES = 32;
export const PROOF_BYTES = 32;

/** What the daemon writes in the place of the socket. */
export interface PipeFile {
  /** Chosen anew at each start, so that nobody else can be there first. */
  readonly pipe: string;
  readonly key: Buffer;
}

/** Each side's random number, in the order in which they are sent. */
export interface Numbers {
  readonly client: Buffer;
  readonly daemon: Buffer;
}

/** The proof of one side. Its name is in it, so that none can be sent back as the other's. */
export function proofOf(side: 'client' | 'daemon', key: Buffer, numbers: Numbers): Buffer {
  const text = `bw-helper 1 ${side}`;
  return createHmac('sha256', key)
    .update(text)
    .update(numbers.client)
    .update(numbers.daemon)
    .digest();
}

export function proves(shown: Buffer | undefined, wanted: Buffer): boolean {
  return shown?.length === wanted.length && timingSafeEqual(shown, wanted);
}

export function pipeFileText({ pipe, key }: PipeFile): string {
  return `${JSON.stringify({ pipe, key: key.toString('hex') })}\n`;
}

/** undefined for what no daemon has written whole, as after a power cut. */
export function parsePipeFile(text: string): PipeFile | undefined {
  try {
    const { pipe, key: hex } = JSON.parse(text) as { pipe?: unknown; key?: unknown };
    if (typeof pipe !== 'string' || typeof hex !== 'string') return undefined;
    const key = Buffer.from(hex, 'hex');
    return key.length === KEY_BYTES ? { pipe, key } : undefined;
  } catch {
    return undefined;
  }
}

/** The next bytes of a stream that nobody else reads; undefined where it ends before. */
export function take(stream: Readable, bytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      const got: Buffer | null = stream.read(bytes);
      if (got === null && !stream.readableEnded && !stream.destroyed) return;
      for (const event of EVENTS) stream.off(event, look);
      resolve(got?.length === bytes ? got : undefined);
    };
    for (const event of EVENTS) stream.on(event, look);
    look();
  });
}

const EVENTS = ['readable', 'end', 'close'] as const;
