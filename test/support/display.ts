/** A screen that nobody sees, for windows that a test answers in a person's place. */
import { spawn, spawnSync } from 'node:child_process';
import type { World } from './world.ts';

export interface Display {
  /** Resolves when a window with this in its title stands there. */
  window(title: string): Promise<void>;
  /** Resolves when none does. */
  noWindow(title: string): Promise<void>;
  /** Types into the window in front. */
  types(text: string): void;
  /** `Escape`, `Return`. */
  presses(key: string): void;
  close(): Promise<void>;
}

/** Starts one and puts it into the world: a command there sits at a desktop from now on. */
export async function openDisplay(world: World): Promise<Display> {
  const args = ['-displayfd', '1', '-screen', '0', '800x600x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const over = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const number = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (line) => resolve(String(line).trim()));
    server.once('exit', () => reject(new Error('Xvfb ended at once')));
  });
  (world.env as Record<string, string>).DISPLAY = `:${number}`;
  const tell = (...words: string[]) =>
    spawnSync('xdotool', words, { env: world.env, encoding: 'utf8' }).stdout.trim();

  const until = async (title: string, stands: boolean) => {
    while (Boolean(tell('search', '--onlyvisible', '--name', title)) !== stands)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };

  return {
    window: (title) => until(title, true),
    noWindow: (title) => until(title, false),
    types: (text) => void tell('type', '--delay', '5', text),
    presses: (key) => void tell('key', key),
    async close() {
      server.kill();
      await over;
    },
  };
}
