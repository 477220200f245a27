import type { Kdf } from './server/crypto.ts';
import { startServer, type TestServer } from './server/server.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { createWorld, type OlderBw, type Ran, type World } from './world.ts';

/** A world in which nobody is logged in yet, and ways to log in by password. */
export interface ByPassword {
  readonly server: TestServer;
  readonly world: World;
  /** `helper login --email …` on a terminal of its own. */
  onTerminal(args?: readonly string[], env?: Readonly<Record<string, string>>): Terminal;
  /** The same with the password from stdin, and no terminal. */
  fromStdin(args?: readonly string[], password?: string): Promise<Ran>;
  close(): Promise<void>;
}

export async function byPassword({
  bw,
  kdf,
  settings,
}: {
  readonly bw?: OlderBw | undefined;
  readonly kdf?: Kdf | undefined;
  readonly settings?: string;
} = {}): Promise<ByPassword> {
  const place = createWorld();
  const server = await startServer({ folder: place.folder, ...(kdf && { kdf }) });
  const world = createWorld({ server, ...(bw && { bw }), ...(settings && { settings }) });
  const terminals: Terminal[] = [];
  const command = ['login', '--email', server.account.email];
  return {
    server,
    world,
    onTerminal(args = [], env = {}) {
      const terminal = openTerminal({
        command: ['helper', ...command, ...args],
        env: { ...world.env, ...env },
      });
      terminals.push(terminal);
      return terminal;
    },
    fromStdin: (args = [], password = server.account.password) =>
      world.helper([...command, '--password-stdin', ...args], { input: `${password}\n` }),
    async close() {
      for (const terminal of terminals) await terminal.close();
      await world.close();
      await server.close();
      await place.close();
    },
  };
}

/** Waits for a prompt and answers it. */
export async function answers(terminal: Terminal, prompt: RegExp, answer: string): Promise<void> {
  await terminal.sees(prompt);
  terminal.types(`${answer}\r`);
}
