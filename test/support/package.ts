/** The published package, and the Nodes it is for: made and fetched by npm as a person would. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Kept between runs; git and npm pass it over. */
const NODES = resolve('.ci', 'nodes');
const OFFLINE =
  /\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENOTCACHED|E40[134]|E50\d)\b/;

export interface Packed {
  readonly file: string;
  readonly bytes: number;
  readonly paths: readonly string[];
}

/** `npm pack` of this checkout as it is built. */
export function pack(folder: string): Packed {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [made] = JSON.parse(npm(args).stdout);
  const { filename, size, files } = made;
  const paths = files.map(({ path }: { path: string }) => path);
  return { file: join(folder, filename), bytes: size, paths };
}

/**
 * Installs the package as `npm install -g` does, in a place of its own. No script of any package runs:
 * nothing can compile, or download more than the packages. False where npm's registry is out of reach.
 */
export function installGlobally(file: string, prefix: string): boolean {
  const args = ['--global', '--prefix', prefix, '--ignore-scripts', '--prefer-offline'];
  return install([...args, file]);
}

/** A Node of `version`; undefined where npm's registry is out of reach, or has none for this system. */
export function nodeOf(version: string): string | undefined {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(NODES, version);
  const node = join(prefix, 'node_modules', name, 'bin', 'node');
  if (process.platform === 'win32') return undefined;
  mkdirSync(prefix, { recursive: true });
  const args = ['--prefix', prefix, '--no-save', '--ignore-scripts', `${name}@${version}`];
  return existsSync(node) || install(args) ? node : undefined;
}

function install(args: readonly string[]): boolean {
  const { status, stderr } = npm(['install', '--no-audit', '--no-fund', ...args]);
  if (status === 0) return true;
  if (OFFLINE.test(stderr)) return false;
  throw new Error(`npm install ${args.join(' ')} failed: ${stderr}`);
}

function npm(args: readonly string[]) {
  return spawnSync('npm', args, { encoding: 'utf8' });
}
