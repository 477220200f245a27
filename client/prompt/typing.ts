import { failure } from '../../shared/errors.ts';
import type { Secret } from '../../shared/secret.ts';
import { printable } from '../../shared/text.ts';
import { interrupted, type Question } from './asker.ts';
import type { Device } from './device.ts';
import { type Key, Line } from './line.ts';

/** A question, and how its answer is typed. */
export interface Prompt extends Question {
  /** What is typed is shown. */
  readonly echo: boolean;
  /** Shown above the prompt, which must fit on one line to be shown again at each key. */
  readonly above?: string;
  /** Enter alone is an answer; otherwise the prompt comes again. */
  readonly allowEmpty: boolean;
}

interface Typing {
  /** Rejects with prompt-cancelled (Ctrl-C, Ctrl-D, the terminal is gone) or usage. */
  readonly line: Promise<Secret>;
  /** Takes the terminal and shows the prompt; again, after others had it. Starts over. */
  begin(): void;
  /** Forgets what was typed. */
  stop(): void;
}

const BELL = '\x07';
const ERASE_TO_END = '\x1b[K';

/** Follows the keys until a line is entered, once it has begun; `suspend` is called for Ctrl-Z. */
export function startTyping(device: Device, prompt: Prompt, suspend: () => void): Typing {
  const line = new Line();
  const entered = Promise.withResolvers<Secret>();
  const cancel = () => entered.reject(failure('prompt-cancelled'));

  function show(): void {
    const typed = prompt.echo ? `${printable(line.shown())}${ERASE_TO_END}` : '';
    device.write(`\r${printable(prompt.prompt)} ${typed}`);
  }

  function begin(): void {
    line.wipe();
    device.raw();
    device.discard();
    if (prompt.above) device.write(`\r${printable(prompt.above)}\n`);
    show();
  }

  /** True when the prompt is over and the keys that follow are nothing to us. */
  function act(key: Key): boolean {
    switch (key) {
      case 'edit':
        if (prompt.echo) show();
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
        if (!line.empty || prompt.allowEmpty) {
          entered.resolve(line.take());
          return true;
        }
        device.write('\n');
        show();
        return false;
    }
  }

  function onChunk(chunk: Buffer): void {
    prompt.onKey?.();
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
  return { line: entered.promise, begin, stop: () => line.wipe() };
}
