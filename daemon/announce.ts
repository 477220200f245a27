/** How whoever started the daemon learns how that went. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Failure } from '../shared/errors.ts';

export type Word = { ready: true; pid: number } | { error: Failure['row'] };

/** One JSON line on stdout; then nothing of the starter's is kept open. */
export function announce(word: Word, platform: NodeJS.Platform): void {
  try {
    writeSync(1, `${JSON.stringify(word)}\n`);
  } catch {
    // The client that started us is gone: others will come.
  }
  closeSync(1);
  // Takes the free descriptor 1, so that nothing else ever does.
  if (platform !== 'win32') openSync('/dev/null', 'w');
}

/** The same for a person who runs the daemon in a terminal, on stderr. */
export function tell(word: Word): void {
  const text =
    'ready' in word
      ? `helper: the daemon is ready (pid ${word.pid}); Ctrl-C ends it`
      : `helper: ${word.error.says}\n        ${word.error.next}`;
  writeSync(2, `${text}\n`);
}
