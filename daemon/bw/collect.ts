import type { Readable } from 'node:stream';

/** What to keep of a stream, in bytes. */
export interface Bounds {
  readonly keepBytes: number;
  /** Which part is kept when there is more. */
  readonly part: 'first' | 'last';
  readonly floodBytes: number;
}

/**
 * Reads a stream to its end and keeps a bounded part; `flooded` is called once when more than
 * `floodBytes` came. The result gives what was kept, once, and zeroes the pieces it came in.
 */
export function collect(stream: Readable, bounds: Bounds, flooded: () => void): () => Buffer {
  const pieces: Buffer[] = [];
  let kept = 0;
  let seen = 0;

  stream.on('data', (piece: Buffer) => {
    const before = seen;
    seen += piece.length;
    if (before <= bounds.floodBytes && seen > bounds.floodBytes) flooded();
    if (bounds.part === 'first' && kept >= bounds.keepBytes) return void piece.fill(0);
    pieces.push(piece);
    kept += piece.length;
    if (bounds.part === 'last') dropOldest();
  });
  // A stream that breaks is one that ended: how the process ended says the rest.
  stream.on('error', () => {});

  function dropOldest(): void {
    for (
      let [oldest] = pieces;
      oldest && kept - oldest.length >= bounds.keepBytes;
      [oldest] = pieces
    ) {
      kept -= oldest.length;
      pieces.shift()?.fill(0);
    }
  }

  return () => {
    const all = Buffer.concat(pieces);
    for (const piece of pieces.splice(0)) piece.fill(0);
    kept = 0;
    return bounds.part === 'first'
      ? all.subarray(0, bounds.keepBytes)
      : all.subarray(Math.max(0, all.length - bounds.keepBytes));
  };
}
