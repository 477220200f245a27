import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import { printable } from '../../shared/text.ts';
import { interrupted, type Question } from './asker.ts';
import type { Device } from './device.ts';
import { type Key, Line } from './line.ts';

export interface Style {
  /** What is typed is shown. */
  readonly echo: boolean;
  /** Enter alone is an answer; otherwise the prompt comes again. */
  readonly allowEmpty: boolean;
}

export interface Typing {
  /** Rejects with prompt-cancelled (Ctrl-C, Ctrl-D, the terminal is gone) or usage. */
  readonly line: Promise<Secret>;
  /** Takes the terminal again and starts over. */
  begin(): void;
  /** Forgets what was typed. */
  stop(): void;
}

const BELL = '\x07';
const ERASE_TO_END = '\x1b[K';

/** Shows the prompt and follows the keys until a line is entered; `suspend` is called for Ctrl-Z. */
export function startTyping(
  device: Device,
  question: Question,
  style: Style,
  suspend: () => void,
): Typing {
  const line = new Line();
  const entered = Promise.withResolvers<Secret>();
  const cancel = () => entered.reject(failure('prompt-cancelled'));

  function show(): void {
    const typed = style.echo ? `${printable(line.shown())}${ERASE_TO_END}` : '';
    device.write(`\r${printable(question.prompt)} ${typed}`);
  }

  function begin(): void {
    line.wipe();
    device.raw();
    device.discard();
    show();
  }

  /** True when the prompt is over and the keys that follow are nothing to us. */
  function act(key: Key): boolean {
    switch (key) {
      case 'edit':
        if (style.echo) show();
        return false;
      case 'full':
        device.write(BELL);
        return false;
      case 'suspend':
        suspend();
        return false;
      case 'interrupt':
        entered.reject(interrupted());
        return true;
      case 'end':
        cancel();
        return true;
      case 'enter':
        if (!line.empty || style.allowEmpty) {
          entered.resolve(line.take());
          return true;
        }
        device.write('\n');
        show();
        return false;
    }
  }

  function onChunk(chunk: Buffer): void {
    question.onKey?.();
    try {
      for (const byte of chunk) {
        const key = line.push(byte);
        if (key && act(key)) break;
      }
      line.pause();
    } catch (thrown) {
      entered.reject(thrown);
    }
    chunk.fill(0);
  }

  device.input.on('data', onChunk).on('error', cancel).once('end', cancel);
  begin();
  return { line: entered.promise, begin, stop: () => line.wipe() };
}
