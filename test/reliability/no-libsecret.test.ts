/** A machine without libsecret, played where it is there by hiding it from helper and daemon. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { libsecretFiles } from '../support/secret-service.ts';
import { isRoot, testWhere } from '../support/test-where.ts';
import { createWorld, type World } from '../support/world.ts';

const files = libsecretFiles();
const canHide = isRoot() && spawnSync('unshare', ['--mount', 'true']).status === 0;
const testHere = testWhere(
  process.platform === 'linux' && (files.length === 0 || canHide),
  'needs Linux without libsecret, or root to hide it (unshare --mount)',
);

let world: World;
beforeAll(() => {
  world = createWorld({ keychain: 'os' });
});
afterAll(() => world.close());

testHere(
  'is told what to install, and that there is the file, which is not taken unasked',
  async () => {
    const hide = files.map((file) => `mount --bind /dev/null ${file} && `).join('');
    const line = `${hide}printf '%s\\n' user.12345678-1234-4234-8234-123456789012 ${'Ab1'.repeat(10)} | helper secret set`;
    const set = await world.run([
      ...(files.length > 0 ? ['unshare', '--mount'] : []),
      ...['sh', '-c', line],
    ]);
    expect(set).toMatchObject({ code: 50, stdout: '' });
    expect(set.stderr).toMatch(/needs the library libsecret: .*\n.*apt install libsecret-1-0/);
    expect(set.stderr).toContain('helper config set keychain file');
    expect(existsSync(`${world.home}/.local/share/bw-helper/keychain.json`)).toBe(false);
    expect((await world.helper(['secret', 'status'])).stderr).toContain('libsecret');
  },
);
