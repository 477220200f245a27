import { spawnSync } from 'node:child_process';

/** One program, run to its end once a round. */
export interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The first rounds fill the caches of the system. */
const WARM_UP_ROUNDS = 3;

/**
 * Runs all peers in turn, so that whatever else the machine does meets them alike, and gives a table of
 * medians with the ratio of each to every other. Throws where one fails or prints something else than
 * the first time.
 */
export function compare(peers: readonly Peer[], rounds: number): string {
  const timesMs = new Map(peers.map(({ name }) => [name, [] as number[]]));
  const printed = new Map<string, string>();
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1)
    // Back and forth, so that nobody always runs after the same neighbour.
    for (const { name, command, env } of round % 2 ? peers.toReversed() : peers) {
      const { ms, stdout } = run(command, env);
      if ((printed.get(name) ?? stdout) !== stdout) throw new Error(`${name}: another answer`);
      printed.set(name, stdout);
      if (round >= 0) timesMs.get(name)?.push(ms);
    }
  const rows = [...timesMs].map(([name, all]) => ({ name, medianMs: median(all), all }));
  const header = ['program', 'median ms', 'fastest ms', ...rows.map(({ name }) => `× ${name}`)];
  const lines = rows.map(({ name, medianMs, all }) => [
    name,
    medianMs.toFixed(1),
    Math.min(...all).toFixed(1),
    ...rows.map((other) => (medianMs / other.medianMs).toFixed(2)),
  ]);
  return [header, header.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function run([program = '', ...args]: readonly string[], env: Peer['env']) {
  const start = process.hrtime.bigint();
  const ran = spawnSync(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (ran.error ?? ran.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`);
  return { ms, stdout: ran.stdout };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
}
