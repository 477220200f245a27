import { expect, test } from 'vitest';
import { chooseKeychain } from '../../../../daemon/keychain/chosen.ts';
import type { Keychain, KeychainKind, StoredSecret } from '../../../../daemon/keychain/port.ts';
import { type ErrorName, failure } from '../../../../shared/errors.ts';
import { nobody, plain, secretOf } from './samples.ts';

/** A keychain in memory. Each word of `broken` is a call that fails, or `forgets` what it is given. */
function memory(kind: KeychainKind, broken: readonly string[] = []) {
  const held = new Map<string, { id: string; secret: string }>();
  const may = (call: string) => {
    if (broken.includes(call)) throw failure('keychain-failed', { problem: call });
  };
  const keychain: Keychain = {
    kind,
    async get(account) {
      may('get');
      const found = held.get(account);
      return found && { ...secretOf(found.secret), clientId: found.id };
    },
    async set(account, { clientId, clientSecret }: StoredSecret) {
      may('set');
      if (!broken.includes('forgets'))
        held.set(account, { id: clientId, secret: clientSecret.reveal() });
    },
    async delete(account) {
      may('delete');
      return held.delete(account);
    },
    status: async (account) => ({ stored: held.has(account), locked: false, where: `the ${kind}` }),
    forget() {},
  };
  return Object.assign(keychain, { held });
}

function both(broken: Partial<Record<KeychainKind, string[]>> = {}) {
  const kinds = { os: memory('os', broken.os), file: memory('file', broken.file) };
  let kind: KeychainKind = 'file';
  const keychain = chooseKeychain(() => kind, kinds);
  return { ...kinds, keychain, choose: (wanted: KeychainKind) => (kind = wanted) };
}

test('the settings decide at each use, and neither stands in for the other', async () => {
  const { keychain, choose } = both();
  await keychain.set('default', secretOf('filed'), nobody);
  choose('os');
  expect(keychain.kind).toBe('os');
  expect(await keychain.get('default', nobody)).toBeUndefined();
  expect(await keychain.delete('default', nobody)).toBe(false);
  choose('file');
  expect(await plain(keychain.get('default', nobody))).toBe('filed');
});

test('no keychain stands in for one that fails', async () => {
  const { keychain, file, choose } = both({ os: ['get', 'set'] });
  choose('os');
  await expect(keychain.set('default', secretOf(), nobody)).rejects.toThrow('set');
  await expect(keychain.get('default', nobody)).rejects.toThrow('get');
  expect(file.held.size).toBe(0);
});

test.each<[KeychainKind, KeychainKind]>([
  ['file', 'os'],
  ['os', 'file'],
])('a secret moves from %s to %s, whichever the settings name', async (from, to) => {
  for (const named of [from, to]) {
    const { keychain, choose, ...kinds } = both();
    await kinds[from].set('default', secretOf('moving'), nobody);
    choose(named);
    expect(await keychain.move('default', to, nobody)).toBe(`the ${to}`);
    expect(kinds[from].held.size).toBe(0);
    expect(await plain(kinds[to].get('default', nobody))).toBe('moving');
  }
});

test('a move that was cut short after it was stored can be finished', async () => {
  const { keychain, file, os } = both();
  await file.set('default', secretOf('same'), nobody);
  await os.set('default', secretOf('same'), nobody);
  await keychain.move('default', 'os', nobody);
  expect([file.held.size, os.held.size]).toEqual([0, 1]);
});

test.each<[string, Partial<Record<KeychainKind, string[]>>, ErrorName]>([
  ['cannot be stored', { os: ['set'] }, 'keychain-failed'],
  ['cannot be read back', { os: ['get'] }, 'keychain-failed'],
  ['is not there when it is read back', { os: ['forgets'] }, 'keychain-failed'],
])('what %s stays where it was', async (_, broken, name) => {
  const { keychain, file } = both(broken);
  await file.set('default', secretOf('old'), nobody);
  await expect(keychain.move('default', 'os', nobody)).rejects.toMatchObject({ name });
  expect(await plain(file.get('default', nobody))).toBe('old');
});

test('another secret in its place is not overwritten', async () => {
  const { keychain, file, os } = both();
  await file.set('default', secretOf('old'), nobody);
  await os.set('default', secretOf('new'), nobody);
  await expect(keychain.move('default', 'os', nobody)).rejects.toMatchObject({
    name: 'keychain-holds-another',
    message: 'Another API key is stored in the os already.',
  });
  expect([
    await plain(file.get('default', nobody)),
    await plain(os.get('default', nobody)),
  ]).toEqual(['old', 'new']);
});

test('what is there already needs no move', async () => {
  const { keychain, os } = both();
  await os.set('default', secretOf(), nobody);
  expect(await keychain.move('default', 'os', nobody)).toBe('the os');
});

test('nothing to move is told', async () => {
  const { keychain } = both();
  await expect(keychain.move('default', 'os', nobody)).rejects.toMatchObject({
    name: 'no-client-secret',
  });
});
