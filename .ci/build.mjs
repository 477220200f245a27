/**
 * Bundles client and daemon into dist/. Only json-rpc-2.0 and our own files are bundled: they are on
 * the path of every call, and bundling takes a third off the client's start. The rest is loaded
 * when needed, from node_modules.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

if (newest(['client', 'daemon', 'shared', '.ci/build.mjs', 'package.json']) > built()) {
  rmSync(dist, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['client/main.ts', 'daemon/main.ts'],
    outdir: 'dist',
    outbase: '.',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: Object.keys(about.dependencies).filter((name) => name !== 'json-rpc-2.0'),
    define: { BW_HELPER_VERSION: JSON.stringify(about.version) },
    logLevel: 'warning',
  });
  chmodSync(join(dist, 'client', 'main.js'), 0o755);
  writeFileSync(stamp, '');
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
