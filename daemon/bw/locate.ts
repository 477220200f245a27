/**
 * Finds the one bw that is run, once: by absolute path, and only where nobody else can change it.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { pathFolders } from '../../shared/environment.ts';
import { failure, toFailure } from '../../shared/errors.ts';
import { othersCanChange } from './ownership.ts';

/** A bw that may be run: `command ...prefix ...arguments`. */
export interface BwProgram {
  /**
   * Absolute: Node, or a native bw by the name it was found under, as a link to a program of many names
   * (/snap/bin/bw to /usr/bin/snap, volta's and mise's to their shim) means that of the link.
   */
  readonly command: string;
  /** `['/…/bw.js']` where `command` is Node. */
  readonly prefix: readonly string[];
  /** The real file, all links followed. */
  readonly file: string;
  /** From its package.json; a native bw has none. */
  readonly version: string | undefined;
  /** Of `file`, hex. */
  readonly sha256: string;
  /** It can raise the challenge of a login by password, and then wants BW_CLIENTSECRET. */
  readonly raisesChallenge: boolean;
  /** Where it was found, no link followed. */
  readonly named: string;
  /** Of `named`: changes whenever what lies behind it is changed or replaced. */
  readonly stamp: string;
}

export interface LocateOptions {
  /** From the settings, absolute; then nothing else is looked at. */
  readonly bwPath?: string | undefined;
  readonly pathVariable: string;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  /** process.execPath: it runs bw.js, as a clean PATH need not hold a `node`. */
  readonly nodePath: string;
  /** Looked at after PATH: cron's has `/usr/bin:/bin` only. */
  readonly wellKnown?: readonly string[];
}

/** Throws bw-not-found, or bw-refused where another user could change the program. */
export function locateBw(options: LocateOptions): BwProgram {
  const found = options.bwPath === undefined ? search(options) : namedBw(options.bwPath);
  if (!found) throw failure('bw-not-found');
  const named = inRealFolder(behindShim(found));
  const file = realpathSync(named);
  if (options.platform !== 'win32')
    for (const path of [...foldersOnTheWay(named), file]) {
      const problem = othersCanChange(path, options.uid);
      if (problem) throw failure('bw-refused', { file: found, problem });
    }
  const content = readFileSync(file);
  const script = runsOnNode(file, content);
  const version = script ? packageVersion(file) : undefined;
  refuseVersion(version, file);
  refuseAsdf(content, found);
  refusePortable(script ? options.nodePath : file);
  return {
    command: script ? options.nodePath : named,
    prefix: script ? [file] : [],
    file,
    named,
    version,
    sha256: createHash('sha256').update(content).digest('hex'),
    // The name of the form field, in all versions that were looked at: there from 1.22.1 to 2025.4.0,
    // gone from 2025.6.1 on.
    raisesChallenge: content.includes('captchaResponse'),
    stamp: stampOf(named),
  };
}

function inRealFolder(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

/** The real folders of the links that lead from `path` to its file: who can write there chooses what we run. */
function foldersOnTheWay(path: string): string[] {
  const folders: string[] = [];
  for (let at = path; lstatSync(at).isSymbolicLink(); ) {
    folders.push(dirname(at));
    at = inRealFolder(resolve(dirname(at), readlinkSync(at)));
  }
  return folders;
}

/**
 * Throws bw-refused for the one version that must never run: npm's 2026.4.0 was malicious for 93
 * minutes on 22 April 2026. Only npm's: a native bw has no package.json to tell by.
 */
function refuseVersion(version: string | undefined, file: string): void {
  if (version === '2026.4.0')
    throw failure('bw-refused', {
      file,
      problem: 'version 2026.4.0 of @bitwarden/cli was published by an attacker',
    });
}

// asdf's shim is a script that looks for asdf in PATH, and the one that bw gets is a clean one.
function refuseAsdf(content: Buffer, file: string): void {
  if (/^#!.*sh\n(?:#.*\n)*exec asdf exec /.test(content.subarray(0, 4_096).toString('latin1')))
    throw failure('bw-refused', {
      file,
      problem: 'it is a shim that needs asdf in PATH (`asdf which bw` shows what is behind it)',
    });
}

/** Of the file that `file` leads to; 'gone' where there is none. */
export function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found ? [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':') : 'gone';
}

function search({
  pathVariable,
  platform,
  nodePath,
  wellKnown,
}: LocateOptions): string | undefined {
  const names = platform === 'win32' ? ['bw.exe', 'bw.cmd'] : ['bw'];
  const folders = [
    ...pathFolders(pathVariable, platform),
    ...(wellKnown ?? wellKnownFolders(platform, nodePath)),
  ];
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => isFile(path) && (platform === 'win32' || isExecutable(path)));
}

/** Looked at after PATH. Windows lets every user make folders in C:\, such as the second one here. */
export function wellKnownFolders(platform: NodeJS.Platform, nodePath: string): string[] {
  // npm puts global programs beside Node, and version managers leave that folder out of cron's PATH.
  const besideNode = dirname(nodePath);
  return platform === 'win32'
    ? [besideNode]
    : [besideNode, '/usr/local/bin', '/opt/homebrew/bin', '/snap/bin'];
}

function namedBw(path: string): string {
  if (!isAbsolute(path))
    throw failure('bw-refused', { file: path, problem: 'its path is not absolute' });
  if (!isFile(path)) {
    const problem = existsSync(path) ? 'it is not a file' : 'there is no such file';
    throw failure('bw-refused', { file: path, problem });
  }
  return path;
}

/**
 * bw prefers a folder `bw-data` beside its executable (which is Node for bw.js) to any data folder it
 * is given (read in 2026.9.0): what is meant for a private copy would be written there.
 */
function refusePortable(command: string): void {
  const portable = join(dirname(command), 'bw-data');
  if (existsSync(portable))
    throw failure('bw-refused', {
      file: command,
      problem: `bw would keep its data in ${portable}`,
    });
}

/** Windows: the script that npm's `bw.cmd` starts. The .cmd itself is never run (CVE-2024-27980). */
function behindShim(path: string): string {
  if (!/\.cmd$/i.test(path)) return path;
  const target = /%(?:~dp0|dp0%)\\([^"%\r\n]+\.js)"/.exec(readFileSync(path, 'utf8'))?.[1];
  const script = target && join(dirname(path), target.replaceAll('\\', '/'));
  if (!script || !isFile(script))
    throw failure('bw-refused', { file: path, problem: 'it does not name the script it starts' });
  return script;
}

/** `bw.js`, or a script without extension whose first line asks for node. */
function runsOnNode(file: string, content: Buffer): boolean {
  if (/\.[cm]?js$/.test(file)) return true;
  const firstLine = content.subarray(0, 100).toString('latin1').split('\n', 1)[0] ?? '';
  return /^#!.*\bnode\b/.test(firstLine);
}

/** Version in the nearest package.json above that is @bitwarden/cli's. */
function packageVersion(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder))
    try {
      const about: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const { name, version } = about as { name?: unknown; version?: unknown };
      if (name === '@bitwarden/cli' && typeof version === 'string') return version;
    } catch (thrown) {
      // None here, or not readable: look further up.
      if (toFailure(thrown).is('too-many-files')) throw thrown;
    }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
