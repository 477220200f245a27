import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** An agent with one key in it, or why there is none. */
export type SshAgent = { close(): void } & (
  | { readonly env: Readonly<Record<string, string>> }
  | { readonly missing: string }
);

/** Starts a real ssh-agent whose socket and key lie in `folder`. */
export async function startSshAgent(folder: string): Promise<SshAgent> {
  const socket = join(folder, 'agent');
  const key = join(folder, 'key');
  // In the foreground, so that it is ours to end.
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  const close = () => void agent.kill();
  try {
    // It prints its address once it listens.
    await Promise.race([
      once(agent.stdout, 'data'),
      once(agent, 'error').then(([error]) => {
        throw error;
      }),
    ]);
  } catch {
    return { missing: 'ssh-agent is not installed', close };
  }
  const env = { PATH: process.env.PATH ?? '', SSH_AUTH_SOCK: socket };
  for (const [program, ...args] of [
    ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key],
    ['ssh-add', '-q', key],
  ] as const) {
    const { status, error } = spawnSync(program, args, { env, stdio: 'ignore' });
    if (error ?? status !== 0) return { missing: `${program} failed`, close };
  }
  return { env, close };
}
