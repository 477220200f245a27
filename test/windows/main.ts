/**
 * `npm run test:windows`: the main job on a Windows Node, with the real bw, against the loopback server.
 * Elsewhere than on Windows that Node runs under Wine. Ends with `N passed, N failed`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startServer } from '../support/server/server.ts';
import { prepareWine, type Windows } from './wine.ts';

const CACHE = resolve('.cache', 'windows');
/** All of it takes some four minutes under Wine; what takes this long hangs. */
const LONGEST_MS = 20 * 60_000;

const root = resolve('.');
if (process.platform === 'win32' && process.env.CI !== 'true')
  give(
    'It would take your own item of bw-helper out of the Credential Manager. Set CI=true if you mean it',
  );
const windows = process.platform === 'win32' ? here() : prepareWine(CACHE, root, give);

mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, 'run-'));
const server = await startServer({ folder });
const { url, caFile, account } = server;
const story = {
  app: windows.path(windows.app),
  bw: windows.path(join(root, 'node_modules', '@bitwarden', 'cli', 'build', 'bw.js')),
  folder: windows.path(folder),
  server: { url, caFile: windows.path(caFile) },
  account,
};
if (windows.cannotShow) console.log(windows.cannotShow);
let child: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => child?.kill('SIGKILL'));
process.exitCode = await tell(join(folder, 'out.txt'));
windows.end();
await server.close();
rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

/** Runs the story and prints what it says meanwhile; its exit code. */
async function tell(file: string): Promise<number> {
  // Under Wine only files do as stdout: a pipe of Linux ends in EBADF (seen with 8.0).
  const out = openSync(file, 'w');
  const [command = '', ...args] = windows.node;
  const script = windows.path(join(root, 'test', 'windows', 'story.ts'));
  child = spawn(command, [...args, script], {
    env: { ...windows.env, STORY: JSON.stringify(story) },
    stdio: ['ignore', out, out],
  });
  let shown = 0;
  const show = () => {
    const text = readFileSync(file);
    process.stdout.write(text.subarray(shown));
    shown = text.length;
  };
  const watching = setInterval(show, 500);
  const limit = setTimeout(() => child?.kill('SIGKILL'), LONGEST_MS);
  const code = await new Promise<number | null>((done) => child?.once('close', done));
  clearInterval(watching);
  clearTimeout(limit);
  show();
  return code ?? 1;
}

function here(): Windows {
  return { node: [process.execPath], env: process.env, app: root, path: (path) => path, end() {} };
}

function give(problem: string): never {
  console.error(`test:windows: ${problem}.`);
  process.exit(1);
}
