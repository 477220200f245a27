const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * Bytes that must not be printed. Whatever turns a value into text (template strings, JSON, console,
 * util.inspect, an error message) gets `[secret]`; only `reveal` and `bytes` give the content.
 *
 * Wiping overwrites this copy. V8 may hold others, so no promise is made beyond it.
 */
export class Secret {
  #bytes: Buffer;

  /** Takes ownership of a Buffer; copies a string as UTF-8. */
  constructor(value: Buffer | string) {
    this.#bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  }

  /** The content as text. Keep the result as short-lived as possible. */
  reveal(): string {
    return this.#bytes.toString('utf8');
  }

  /** The content itself, not a copy: it is zeroed by `wipe`. */
  bytes(): Buffer {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Overwrites the content with zeros and forgets it. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#bytes = Buffer.alloc(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect](): string {
    return '[secret]';
  }
}
