/**
 * `npm run bench [-- ROUNDS]`: a warm `helper get-session`, as a whole process from start to end, beside
 * peers in the same run. Times of one machine say little about another: read the ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startServer, type TestServer } from '../test/support/server/server.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { auditLineMs } from './audit-line.ts';
import { compare, type Peer } from './compare.ts';
import { startSshAgent } from './ssh-agent.ts';

/** Fewer say more about the moment than about the programs. */
const FEWEST_ROUNDS = 30;
const MAIN = resolve('dist/client/main.js');

const [wanted = String(FEWEST_ROUNDS)] = process.argv.slice(2);
const rounds = Math.max(FEWEST_ROUNDS, Number.parseInt(wanted, 10) || 0);
const folder = mkdtempSync(join(tmpdir(), 'bwh-bench-'));
const server = await startServer({ folder });
const world = createWorld({ server });
const agent = await startSshAgent(folder);
try {
  await openSession(world, server);
  const node = process.execPath;
  const peers: Peer[] = [
    { name: 'helper get-session', command: [node, MAIN, 'get-session'], env: world.env },
    { name: 'node -e 0', command: [node, '-e', '0'], env: world.env },
    { name: 'true', command: ['true'], env: world.env },
  ];
  if ('env' in agent)
    peers.push({ name: 'ssh-add -l', command: ['ssh-add', '-l'], env: agent.env });
  const table = compare(peers, rounds);
  console.log(
    `Whole processes, ${rounds} rounds of each in turn, on Node ${process.versions.node}.\n`,
  );
  console.log(table);
  console.log(`\nOf that, one line of the audit: ${auditLineMs(folder).toFixed(3)} ms.`);
  if ('missing' in agent) console.log(`\nleft out: ssh-add -l (${agent.missing})`);
} finally {
  agent.close();
  await world.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Daemon, keychain, login and session as a person would have them before they feel any speed. */
async function openSession({ helper, program }: World, { account }: TestServer): Promise<void> {
  const answers = `case "$1" in *assphrase*) echo a passphrase ;; *) echo '${account.password}' ;; esac`;
  const env = { BW_HELPER_ASKPASS: program('askpass', `#!/bin/sh\n${answers}\n`) };
  const input = `${account.clientId}\n${account.clientSecret}\n`;
  for (const args of [['secret', 'set'], ['login'], ['unlock']]) {
    const { code, stderr } = await helper(args, { env, input });
    if (code !== 0) throw new Error(`helper ${args.join(' ')}: ${stderr}`);
  }
}
