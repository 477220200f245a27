/**
 * Bytes ↔ frames: one JSON-RPC message a line (JSON holds no raw newline). What json-rpc-2.0 would
 * choke on or be too kind to is refused here, before it: arrays, odd ids, depth, size, `__proto__`.
 */
import { FRAME_BYTES, FRAME_DEPTH, ID_CHARACTERS } from './limits.ts';

/** A message of JSON-RPC 2.0, as far as framing has looked at it. */
export type Frame = { readonly jsonrpc: '2.0'; readonly [field: string]: unknown };

/** The connection cannot go on: what came is no frame. */
export class BadFrame extends Error {}

/** One message as bytes, newline included. */
export function encodeFrame(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** Collects bytes and gives the frames in them; throws BadFrame where the peer must be dropped. */
export class FrameReader {
  // One buffer that doubles: a peer that sends byte by byte costs no object for each.
  #held = Buffer.alloc(0);
  #heldBytes = 0;

  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      frames.push(decode(this.#take(chunk.subarray(from, end))));
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return frames;
  }

  #take(tail: Buffer): Buffer {
    const bytes = this.#heldBytes + tail.length;
    if (bytes > FRAME_BYTES) throw new BadFrame('frame too large');
    if (this.#heldBytes === 0) return tail;
    const line = Buffer.concat([this.#held.subarray(0, this.#heldBytes), tail], bytes);
    this.#hold(Buffer.alloc(0));
    this.#heldBytes = 0;
    return line;
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    const bytes = this.#heldBytes + rest.length;
    if (bytes > FRAME_BYTES) throw new BadFrame('frame too large');
    if (bytes > this.#held.length) {
      const bigger = Buffer.alloc(Math.min(FRAME_BYTES, Math.max(bytes, 2 * this.#held.length)));
      this.#held.copy(bigger, 0, 0, this.#heldBytes);
      this.#hold(bigger);
    }
    rest.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  // Frames can hold passwords: do not leave the old ones lying about.
  #hold(buffer: Buffer<ArrayBuffer>): void {
    this.#held.fill(0);
    this.#held = buffer;
  }
}

function decode(line: Buffer): Frame {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    throw new BadFrame('not JSON in UTF-8');
  }
  if (!isPlainObject(value) || value.jsonrpc !== '2.0') throw new BadFrame('not JSON-RPC 2.0');
  if (!goodId(value.id)) throw new BadFrame('bad id');
  if (!shallow(value, FRAME_DEPTH)) throw new BadFrame('too deep, or __proto__');
  return value as Frame;
}

function goodId(id: unknown): boolean {
  if (id === undefined || id === null) return true;
  return typeof id === 'string' ? id.length <= ID_CHARACTERS : Number.isSafeInteger(id);
}

function shallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0 || Object.hasOwn(value, '__proto__')) return false;
  return Object.values(value).every((inner) => shallow(inner, levels - 1));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
