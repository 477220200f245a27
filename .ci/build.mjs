/**
 * Bundles client and daemon into dist/, one file each, with json-rpc-2.0 and our own files in it: they
 * are on the path of every call. The rest is loaded when needed, from node_modules.
 *
 * The client is CommonJS: as an ES module it would load twice as much of Node before its first line,
 * since the import of node:fs alone reads every lazy part of it, node:fs/promises and readline included
 * (seen with Node 24). What it imports dynamically lies in the same file and runs when it is asked for.
 *
 * build.mjs [--out FOLDER] [--protocol N] [--oldest-client N]   for tests: another version, elsewhere
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: given } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist') },
    protocol: { type: 'string' },
    'oldest-client': { type: 'string' },
  },
});
const dist = given.out;
const stamp = join(dist, '.built');
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

if (newest(['client', 'daemon', 'shared', '.ci/build.mjs', 'package.json']) > built()) {
  const [client, daemon, worker] = await Promise.all([
    bundle('client/main.ts', { format: 'cjs', define: { 'import.meta.dirname': '__dirname' } }),
    bundle('daemon/main.ts', { format: 'esm' }),
    bundle('daemon/keychain/worker.ts', { format: 'esm' }),
  ]);
  // Made in memory first: a build that fails leaves the one that is there.
  rmSync(dist, { recursive: true, force: true });
  write('client/main.js', client);
  write('client/package.json', '{ "type": "commonjs" }\n');
  write('daemon/main.js', daemon);
  write('daemon/keychain-worker.js', worker);
  chmodSync(join(dist, 'client', 'main.js'), 0o755);
  writeFileSync(stamp, '');
}

async function bundle(entry, { format, define = {} }) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format,
    platform: 'node',
    target: 'node22',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: Object.keys(about.dependencies).filter((name) => name !== 'json-rpc-2.0'),
    plugins: given.protocol ? [otherVersion(given.protocol, given['oldest-client'] ?? '1')] : [],
    define: { ...define, BW_HELPER_VERSION: JSON.stringify(about.version) },
    logLevel: 'warning',
  });
  return outputFiles[0].contents;
}

/** Takes the place of shared/version.ts. */
function otherVersion(protocol, oldestClient) {
  return {
    name: 'other-version',
    setup: ({ onLoad }) =>
      onLoad({ filter: /[/\\]shared[/\\]version\.ts$/ }, () => ({
        contents: `export const PROTOCOL_VERSION = ${Number(protocol)}, OLDEST_CLIENT = ${Number(oldestClient)};`,
      })),
  };
}

function write(path, content) {
  const file = join(dist, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function built() {
  return existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
}

/** Time of the newest change below these paths, ms. */
function newest(paths) {
  return Math.max(
    ...paths.map((path) => {
      const full = join(root, path);
      const stat = statSync(full);
      if (!stat.isDirectory()) return stat.mtimeMs;
      return Math.max(stat.mtimeMs, newest(readdirSync(full).map((name) => join(path, name))));
    }),
  );
}
