import { isUtf8 } from 'node:buffer';
import { failure } from '../../shared/errors.ts';
import { SECRET_BYTES } from '../../shared/limits.ts';
import { Secret } from '../../shared/secret.ts';

/** What a key means to the prompt. `full`: it no longer fits. */
export type Key = 'edit' | 'enter' | 'interrupt' | 'end' | 'suspend' | 'full';

const CTRL = {
  c: 0x03,
  d: 0x04,
  h: 0x08,
  lineFeed: 0x0a,
  return: 0x0d,
  u: 0x15,
  w: 0x17,
  z: 0x1a,
  escape: 0x1b,
  backslash: 0x1c,
  bell: 0x07,
  delete: 0x7f,
} as const;

/**
 * One line as it is typed in raw mode: bytes in, an edited line out. Keys with escape sequences, and
 * the marks around a paste, leave no trace in it.
 */
export class Line {
  #bytes = Buffer.alloc(SECRET_BYTES);
  #length = 0;
  #tooLong = false;
  /** Where we are in an escape sequence; `maybe` after an Escape that ended a chunk. */
  #escape: 'no' | 'maybe' | 'start' | 'csi' | 'csi-first' | 'last' | 'string' = 'no';

  /** Takes one byte; undefined where it means nothing (yet). */
  push(byte: number): Key | undefined {
    if (byte === CTRL.escape) {
      this.#escape = 'start';
      return undefined;
    }
    if (this.#inSequence(byte)) return undefined;
    if (byte >= 0x20 && byte !== CTRL.delete) return this.#append(byte);
    return this.#control(byte);
  }

  /** No byte follows for now: an Escape at the end was the key alone, unless a sequence goes on. */
  pause(): void {
    if (this.#escape === 'start') this.#escape = 'maybe';
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /** What was typed so far, to be shown. */
  shown(): string {
    return this.#bytes.toString('utf8', 0, this.#length);
  }

  /** The line; this one is empty afterwards. Throws `usage` where it cannot be what was meant. */
  take(): Secret {
    const secret = new Secret(Buffer.from(this.#bytes.subarray(0, this.#length)));
    const tooLong = this.#tooLong;
    this.wipe();
    if (!tooLong && isUtf8(secret.bytes())) return secret;
    secret.wipe();
    const problem = tooLong
      ? `What was typed is longer than ${SECRET_BYTES} bytes.`
      : 'What was typed is not UTF-8: check the character set of this terminal.';
    throw failure('usage', { problem });
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
    this.#tooLong = false;
  }

  #append(byte: number): Key {
    // A line cut short would only be a wrong password that nobody can explain.
    if (this.#length === SECRET_BYTES) {
      this.#tooLong = true;
      return 'full';
    }
    this.#bytes[this.#length++] = byte;
    return 'edit';
  }

  #control(byte: number): Key | undefined {
    switch (byte) {
      case CTRL.return:
      case CTRL.lineFeed:
        return 'enter';
      case CTRL.c:
      case CTRL.backslash:
        return 'interrupt';
      case CTRL.d:
        return this.empty ? 'end' : undefined;
      case CTRL.z:
        return 'suspend';
      case CTRL.delete:
      case CTRL.h:
        return this.#erase(1);
      case CTRL.w:
        return this.#erase(this.#wordCharacters());
      case CTRL.u:
        this.wipe();
        return 'edit';
    }
    return undefined;
  }

  /** True while `byte` belongs to an escape sequence. A control character ends any of them. */
  #inSequence(byte: number): boolean {
    const at = this.#escape;
    if (at === 'no') return false;
    this.#escape = 'no';
    if (at === 'string') {
      if (byte === CTRL.bell) return true;
      if (byte >= 0x20) this.#escape = 'string';
      return byte >= 0x20;
    }
    if (byte < 0x20 || byte === CTRL.delete) return false;
    if (at === 'last') return true;
    if (at === 'csi' || at === 'csi-first') {
      // The Linux console sends ESC [ [ A for F1.
      if (at === 'csi-first' && byte === 0x5b) this.#escape = 'last';
      else if (byte < 0x40) this.#escape = 'csi';
      return true;
    }
    const opened = String.fromCharCode(byte);
    if (opened === '[') this.#escape = 'csi-first';
    else if (opened === 'O') this.#escape = 'last';
    else if (at === 'maybe') return false;
    else if (']P^_X'.includes(opened)) this.#escape = 'string';
    return true;
  }

  #erase(characters: number): Key {
    for (let left = characters; left > 0 && this.#length > 0; left--) {
      // A character of UTF-8 goes whole: its continuation bytes, then the byte that starts it.
      let erased: number;
      do {
        erased = this.#bytes[--this.#length] ?? 0;
        this.#bytes[this.#length] = 0;
      } while (this.#length > 0 && (erased & 0xc0) === 0x80);
    }
    this.#tooLong = false;
    return 'edit';
  }

  #wordCharacters(): number {
    const before = this.shown();
    return [...before].length - [...before.replace(/\S*\s*$/, '')].length;
  }
}
