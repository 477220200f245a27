import type { Host } from './asker.ts';

const DEADLY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs `act` when a signal is about to end the process, which then ends by that same signal, so that
 * whoever started it sees the truth. The result takes it back.
 */
export function beforeDeath(host: Host, act: () => void): () => void {
  const release = () => {
    for (const signal of DEADLY) host.off(signal, end);
  };
  function end(signal: NodeJS.Signals): void {
    release();
    act();
    host.kill(host.pid, signal);
  }
  for (const signal of DEADLY) host.on(signal, end);
  return release;
}

/**
 * Stops the whole job, as the kernel does for Ctrl-Z. It returns when the job is continued, or at
 * once where no shell could do that; `afterStop` hears of it either way.
 */
export function stopJob(host: Host): void {
  if (host.platform === 'win32') return;
  host.kill(0, 'SIGTSTP');
  host.kill(host.pid, 'SIGCONT');
}

/** Runs `act` after the process was stopped, once even if it was continued twice in a row. */
export function afterStop(host: Host, act: () => void): () => void {
  let due: NodeJS.Immediate | undefined;
  const onContinue = () => {
    due ??= setImmediate(() => {
      due = undefined;
      act();
    });
  };
  host.on('SIGCONT', onContinue);
  return () => {
    host.off('SIGCONT', onContinue);
    clearImmediate(due);
  };
}
