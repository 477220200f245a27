/** The published package, and the Nodes it is for: made and fetched by npm as a person would. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

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
  const args = ['install', '--global', '--prefix', prefix, '--ignore-scripts', '--prefer-offline'];
  return install([...args, file]);
}

/**
 * Installs the package into `folder` with its dependencies in the versions of our lock file, which npm
 * passes over for what is itself a dependency. The folder of the package, or undefined where npm has
 * the packages neither in its cache nor from its registry. No script of any package runs.
 */
export function installLocked(file: string, folder: string): string | undefined {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const { '': own, ...others } = packages;
  const resolved = `file:${basename(file)}`;
  const about = { private: true, dependencies: { [own.name]: resolved } };
  const needed = Object.entries<{ dev?: boolean }>(others).filter(([, { dev }]) => !dev);
  const wanted = { '': about, [`node_modules/${own.name}`]: { ...own, resolved } };
  const lock = { lockfileVersion: 3, packages: { ...wanted, ...Object.fromEntries(needed) } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  const args = ['ci', '--include=optional', '--ignore-scripts', '--prefer-offline'];
  return install(args, folder) ? join(folder, 'node_modules', own.name) : undefined;
}

/**
 * What npm's registry, or the one named, knows against the packages that are installed in `folder`, a
 * line each. Where it gives no such answer: why not.
 */
export async function audit(folder: string, registry?: string): Promise<string[] | string> {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000'];
  const child = spawn('npm', registry ? [...args, '--registry', registry] : args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) text += part;
  const { vulnerabilities, message } = JSON.parse(text);
  if (!vulnerabilities) return String(message);
  return Object.values<{ via: (string | Advisory)[] }>(vulnerabilities)
    .flatMap(({ via }) => via)
    .flatMap((one) => (typeof one === 'string' ? [] : [one]))
    .map(
      ({ name, range, severity, title, url }) => `${name} ${range} (${severity}): ${title}, ${url}`,
    );
}

type Advisory = Record<'name' | 'range' | 'severity' | 'title' | 'url', string>;

/** A Node of `version`; undefined where npm's registry is out of reach, or has none for this system. */
export function nodeOf(version: string): string | undefined {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(NODES, version);
  const node = join(prefix, 'node_modules', name, 'bin', 'node');
  if (process.platform === 'win32') return undefined;
  mkdirSync(prefix, { recursive: true });
  const args = [
    'install',
    '--prefix',
    prefix,
    '--no-save',
    '--ignore-scripts',
    `${name}@${version}`,
  ];
  return existsSync(node) || install(args) ? node : undefined;
}

function install(args: readonly string[], cwd?: string): boolean {
  const { status, stderr } = npm([...args, '--no-audit', '--no-fund'], cwd);
  if (status === 0) return true;
  if (OFFLINE.test(stderr)) return false;
  throw new Error(`npm ${args.join(' ')} failed: ${stderr}`);
}

function npm(args: readonly string[], cwd?: string) {
  return spawnSync('npm', args, { encoding: 'utf8', ...(cwd && { cwd }) });
}
