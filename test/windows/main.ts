/**
 * `npm run test:windows`: the main job on a Windows Node, with the real bw, against the loopback server.
 * Elsewhere than on Windows that Node runs under Wine. Ends with `N passed, N failed`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startServer } from '../support/server/server.ts';
import { typeInConsole } from './console.ts';
import { prepareWine, type Windows } from './wine.ts';

const CACHE = resolve('.cache', 'windows');
/** All of it takes some four minutes under Wine; what takes this long hangs. */
const LONGEST_MS = 20 * 60_000;
const IN_CONSOLE = 'in a console it asks for both values, and what is hidden stays off the screen';

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
const told = await tell(join(folder, 'out.txt'));
let passed = told.text.split(/^✓ /m).length - 1;
// A story that breaks off has failed, whatever it said before.
let failed = told.text.split(/^✗ /m).length - 1 || (told.code === 0 ? 0 : 1);
if (windows.hasTerminals)
  await typeInConsole(windows, join(folder, 'console')).then(
    () => {
      passed += 1;
      console.log(`✓ ${IN_CONSOLE}`);
    },
    (thrown: Error) => {
      failed += 1;
      console.log(`✗ ${IN_CONSOLE}\n  ${thrown.message}`);
    },
  );
windows.end();
await server.close();
rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Runs the story and prints what it says meanwhile. */
async function tell(file: string): Promise<{ code: number | null; text: string }> {
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
    const bytes = readFileSync(file);
    process.stdout.write(bytes.subarray(shown));
    shown = bytes.length;
  };
  const watching = setInterval(show, 500);
  const limit = setTimeout(() => child?.kill('SIGKILL'), LONGEST_MS);
  const code = await new Promise<number | null>((done) => child?.once('close', done));
  clearInterval(watching);
  clearTimeout(limit);
  show();
  closeSync(out);
  return { code, text: readFileSync(file, 'utf8') };
}

function here(): Windows {
  const same = (path: string) => path;
  const node = [process.execPath];
  return { node, env: process.env, app: root, path: same, hasTerminals: false, end() {} };
}

function give(problem: string): never {
  console.error(`test:windows: ${problem}.`);
  process.exit(1);
}
