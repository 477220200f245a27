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
