/** What a person gets from npm, installed from the tarball, on each Node that it is for. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { installGlobally, nodeOf, pack } from '../support/package.ts';
import { checkout, clientMain, product } from '../support/product.ts';
import { startServer } from '../support/server/server.ts';
import { storeApiKey, unlockFromStdin } from '../support/signed-in.ts';
import { testWhere } from '../support/test-where.ts';
import { createWorld } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'bwh-package-'));
const prefix = join(folder, 'prefix');
const packed = pack(folder);
const isThere = installGlobally(packed.file, prefix);
const testInstalled = testWhere(isThere, 'needs the npm registry');
const helper = join(prefix, 'bin', 'helper');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds the two programs, their docs, and nothing else', () => {
    const docs = /^docs\/[\w-]+\.(md|svg)$/;
    expect(packed.paths.filter((path) => !docs.test(path)).toSorted()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'dist/client/main.js',
      'dist/client/package.json',
      'dist/daemon/keychain-worker.js',
      'dist/daemon/main.js',
      'package.json',
    ]);
    expect(packed.paths).toEqual(expect.arrayContaining(['docs/errors.md', 'docs/protocol.md']));
  });

  test('is small', () => {
    expect(packed.bytes).toBeLessThan(200_000);
  });
});

const testProduct = testWhere(
  product !== checkout,
  'the tests run the build of the checkout: no package could be installed, or so it was wished',
);
describe('what all tests here run', () => {
  testProduct('is the packed client, installed somewhere else', async () => {
    const world = createWorld();
    const { stdout } = await world.run(['sh', '-c', 'readlink -f "$(command -v helper)"']);
    await world.close();
    expect(stdout.trim()).toBe(realpathSync(clientMain));
    expect(stdout).not.toContain(checkout);
    expect(readFileSync(clientMain)).toEqual(readFileSync('dist/client/main.js'));
  });

  testProduct('finds what package.json declares, as our lock file has it, and no more', () => {
    const { resolve } = createRequire(clientMain);
    const { dependencies, devDependencies } = readAbout(join(product, 'package.json'));
    const [declared, others] = [dependencies, devDependencies].map(Object.keys);
    for (const name of declared ?? []) expect(resolve(name)).toContain(join(product, '..'));
    for (const name of others ?? []) expect(() => resolve(name)).toThrow(`'${name}'`);
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    for (const name of declared ?? []) {
      const path = `node_modules/${name}`;
      const { version } = readAbout(join(product, '..', '..', path, 'package.json'));
      expect({ name, version }).toEqual({ name, version: packages[path].version });
    }
  });
});

describe('installed without a script of any package', () => {
  testInstalled('it tells its version and helps', async () => {
    const world = createWorld({ helper });
    const version = await world.helper(['--version']);
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect((await world.helper(['help', 'vault-locked'])).code).toBe(0);
    await world.close();
  });

  // The oldest that package.json names, the one of this repository, and the newest.
  for (const wanted of ['22.15.0', '24', '26']) {
    const node = wanted === '24' ? process.execPath : isThere && nodeOf(wanted);
    const testOnNode = testWhere(isThere && !!node, 'needs the npm registry');
    testOnNode(`it does the main job on Node ${wanted}`, () => mainJob(node || ''));
  }

  const old = isThere ? nodeOf('20') : undefined;
  const testOnOld = testWhere(old !== undefined, 'needs the npm registry');
  testOnOld('an older Node is told which one is needed', async () => {
    const world = createWorld({ helper, node: old ?? '' });
    const { code, stdout, stderr } = await world.helper(['get-session']);
    expect({ code, stdout }).toEqual({ code: 46, stdout: '' });
    expect(stderr).toMatch(
      /^helper: bw-helper needs Node\.js 22\.15 or newer; this is 20\..*\n.*\n$/,
    );
    await world.close();
  });
});

function readAbout(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Store, log in, unlock once, share; and leave nothing behind. */
async function mainJob(node: string): Promise<void> {
  const place = createWorld({ helper, node });
  const server = await startServer({ folder: place.folder });
  const world = createWorld({ server, helper, node });
  try {
    await storeApiKey(world, server);
    expect(await world.helper(['login'])).toMatchObject({ code: 0, stdout: '' });
    const key = await unlockFromStdin({ world, server });
    expect(await world.helper(['get-session', '--no-input'])).toEqual({
      code: 0,
      signal: null,
      stdout: `${key}\n`,
      stderr: '',
    });
    const list = ['list', 'items', '--nointeraction'];
    const listed = await world.bw(list, { env: { BW_SESSION: key } });
    expect(listed.stdout).toContain('Fern forum');
    expect(await world.helper(['daemon', 'stop'])).toMatchObject({ code: 0 });
    expect((await world.bw(list, { env: { BW_SESSION: key } })).code).not.toBe(0);
    const [, started] = /"node":"([^"]+)"/.exec(world.log()) ?? [];
    const { stdout } = await world.run([node, '--version']);
    expect(`v${started}\n`).toBe(stdout);
  } finally {
    await world.close();
    await server.close();
    await place.close();
  }
}
