/** What comes along with the package: under which licences, what it runs at its install, what is known against it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../support/package.ts';
import { checkout, product } from '../support/product.ts';
import { testWhere } from '../support/test-where.ts';

const LICENCES = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
]);
/** Packages that run something at their install, and why that is borne. */
const RUN_AT_INSTALL = {
  keytar: 'looks for the binary that it brings along; compiles only where none fits the system',
  koffi: 'looks for the binary of its own packages; compiles only where none fits the system',
};

/** With all that was installed along with it. */
const modules = dirname(product);
const testInstalled = testWhere(product !== checkout, 'needs the npm registry');

interface About {
  readonly name: string;
  readonly license?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
}

testInstalled('every package that is installed has a licence of the list', () => {
  const packages = installed(modules);
  expect(packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['bw-helper', 'pino', 'sonic-boom', '@pinojs/redact']),
  );
  const others = packages.filter(({ license }) => !isFree(license));
  expect(others.map(({ name, license }) => ({ name, license }))).toEqual([]);
});

test('so has every package of the lock file that other systems get', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const others = Object.entries<{ dev?: boolean; license?: string }>(packages).filter(
    ([, { dev, license }]) => !dev && !isFree(license),
  );
  expect(others.map(([path, { license }]) => ({ path, license }))).toEqual([]);
});

testInstalled('only these run anything at their install', () => {
  const running = installed(modules).filter(({ folder, scripts = {} }) => {
    const hooks = ['preinstall', 'install', 'postinstall'].filter((hook) => hook in scripts);
    // Without a word of the package npm compiles what has this file.
    return hooks.length > 0 || existsSync(join(folder, 'binding.gyp'));
  });
  // As it calls itself, where we call it otherwise.
  const names = running.map(({ name }) => name.replace('@github/keytar', 'keytar'));
  expect(names.toSorted()).toEqual(Object.keys(RUN_AT_INSTALL));
});

test('nothing is known against any of them', async (context) => {
  const known = await audit(checkout);
  if (typeof known === 'string')
    return context.skip(`the npm registry does not tell what is known: ${known}`);
  expect(known).toEqual([]);
});

let registry: ReturnType<typeof createServer>;
beforeAll(async () => {
  const made = { severity: 'high', title: 'made up', url: 'https://example.test/1', id: 1 };
  const pino = [{ ...made, vulnerable_versions: '<99', cwe: [], cvss: { score: 0 } }];
  registry = createServer(({ method }, answer) => {
    answer.statusCode = method === 'POST' ? 200 : 404;
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(method === 'POST' ? { pino } : {}));
  });
  await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening));
});
afterAll(() => void registry.close());

test('what a registry knows is found', async () => {
  const { port } = registry.address() as AddressInfo;
  expect(await audit(checkout, `http://127.0.0.1:${port}/`)).toEqual([
    'pino <99 (high): made up, https://example.test/1',
  ]);
});

function isFree(license: unknown): boolean {
  return typeof license === 'string' && LICENCES.has(license);
}

/** All packages below a node_modules, those of packages too. */
function installed(folder: string): (About & { folder: string })[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    if (name.startsWith('.')) return [];
    const path = join(folder, name);
    if (name.startsWith('@')) return installed(path);
    const about: About = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    return [{ ...about, folder: path }, ...installed(join(path, 'node_modules'))];
  });
}
