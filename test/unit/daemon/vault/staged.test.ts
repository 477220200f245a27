import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataFile } from '../../../../daemon/vault/data-file.ts';
import { clearStaged, staged } from '../../../../daemon/vault/staged.ts';
import { Secret } from '../../../../shared/secret.ts';
import { losingDescriptors } from '../../../support/descriptors.ts';
import { testOnLinux, testOnPosix } from '../../../support/test-where.ts';
import { folderWith, hastyClock, loggedIn, SECRET_KEY, SLOT_KEY, USER } from './samples.ts';

const CANARY = 'canary-client-secret-7f3a';
const clientSecret = new Secret(CANARY);
const CIPHERS = `user_${USER}_ciphers_ciphers`;

function contentOf(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'));
}

/** What a bw in `folder` would do: truncate, then write in place. */
function bwSets(folder: string, changes: Record<string, unknown>): void {
  const before = existsSync(join(folder, 'data.json')) ? contentOf(folder) : {};
  writeFileSync(join(folder, 'data.json'), JSON.stringify({ ...before, ...changes }));
}

/** A real folder, a scratch folder, and a way to run something staged there. */
function place(json?: unknown) {
  const [real, scratch] = [folderWith(json), folderWith()];
  const file = openDataFile(real, { clock: hastyClock(), platform: process.platform });
  const run = <T>(
    bw: (folder: string) => T,
    session: 'new' | 'kept' = 'kept',
    atRest: 'keychain' | 'bw' = 'keychain',
  ) => staged(file, { scratch, clientSecret, session, atRest, run: async (folder) => bw(folder) });
  return { real, scratch, run };
}

test('a run sees the copy with the secret in it, and its changes arrive without', async () => {
  const { real, run } = place(loggedIn());
  const result = await run((folder) => {
    expect(contentOf(folder)).toEqual(loggedIn({ [SECRET_KEY]: CANARY }));
    bwSets(folder, { [CIPHERS]: { fresh: true } });
    return 'what bw printed';
  });
  expect(result).toBe('what bw printed');
  expect(contentOf(real)).toEqual(loggedIn({ [CIPHERS]: { fresh: true } }));
});

test('the secret is never in the real folder, and the copy is gone afterwards', async () => {
  const { real, scratch, run } = place(loggedIn());
  const seen = () =>
    readdirSync(real).map((name) => readFileSync(join(real, name), 'utf8').includes(CANARY));
  await run((folder) => {
    bwSets(folder, { [CIPHERS]: {} });
    expect(seen()).toEqual([false]);
  });
  expect(seen()).toEqual([false]);
  expect(readdirSync(scratch)).toEqual([]);
});

testOnPosix('the copy is for its owner alone', async () => {
  const { scratch, run } = place(loggedIn());
  await run((folder) => {
    expect(folder.startsWith(scratch)).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'data.json')).mode & 0o777).toBe(0o600);
  });
});

test('a first login: no file before, the login without the secret after', async () => {
  const { real, run } = place();
  await run((folder) => bwSets(folder, loggedIn({ [SECRET_KEY]: CANARY })));
  expect(contentOf(real)).toEqual(loggedIn({ [SECRET_KEY]: null }));
});

test('a secret that bw itself had left in clear is taken out', async () => {
  const { real, run } = place(loggedIn({ [SECRET_KEY]: 'an older secret' }));
  await run(() => {});
  expect(contentOf(real)[SECRET_KEY]).toBeNull();
});

test('the secret is not put into the copy of a password login', async () => {
  const { run } = place({ ...loggedIn(), [`user_${USER}_token_apiKeyClientId`]: null });
  await run((folder) => {
    expect(readFileSync(join(folder, 'data.json'), 'utf8')).not.toContain(CANARY);
  });
});

test('a secret in a place that is not known is not installed', async () => {
  const { real, scratch, run } = place(loggedIn());
  const refusal = run((folder) => bwSets(folder, { somewhere: { else: [CANARY] } }));
  await expect(refusal).rejects.toMatchObject({ name: 'data-file-unknown' });
  await expect(refusal).rejects.not.toThrow(CANARY);
  expect(contentOf(real)).toEqual(loggedIn());
  expect(readdirSync(scratch)).toEqual([]);
});

test('a run that throws leaves the file as it was and no copy', async () => {
  const { real, scratch, run } = place(loggedIn());
  const refusal = run((folder) => {
    bwSets(folder, { [CIPHERS]: { half: true } });
    throw new Error('bw died');
  });
  await expect(refusal).rejects.toThrow('bw died');
  expect(contentOf(real)).toEqual(loggedIn());
  expect(readdirSync(scratch)).toEqual([]);
});

test('what else a bw has left in its copy keeps nothing of it, and hides no failure', async () => {
  const { scratch, run } = place(loggedIn());
  const ran = run((folder) => {
    rmSync(join(folder, 'data.json'));
    mkdirSync(join(folder, 'data.json', 'more'), { recursive: true });
    throw new Error('what bw said');
  });
  await expect(ran).rejects.toThrow('what bw said');
  expect(readdirSync(scratch)).toEqual([]);
});

testOnLinux(
  'a run that ends without a descriptor leaves no secret and the file as it was',
  async () => {
    const { real, scratch, run } = place(loggedIn());
    let copy = '';
    const ran = losingDescriptors(async (none) => {
      await run((folder) => {
        copy = folder;
        expect(readFileSync(join(folder, 'data.json'), 'utf8')).toContain(CANARY);
        bwSets(folder, { [CIPHERS]: {} });
        none();
      });
    });
    await expect(ran).rejects.toMatchObject({ name: 'too-many-files' });
    expect(existsSync(join(copy, 'data.json'))).toBe(false);
    expect(contentOf(real)).toEqual(loggedIn());
    clearStaged(scratch);
    clearStaged(scratch);
    expect(readdirSync(scratch)).toEqual([]);
  },
);

test('what somebody else changed meanwhile is kept', async () => {
  const { real, run } = place(loggedIn({ mine: 1, theirs: 1 }));
  await run((folder) => {
    bwSets(real, { theirs: 2, added: 'by bw create' });
    bwSets(folder, { mine: 2 });
  });
  expect(contentOf(real)).toEqual(loggedIn({ mine: 2, theirs: 2, added: 'by bw create' }));
});

test('a secret that somebody else brought meanwhile is taken out too', async () => {
  const { real, run } = place({ stateVersion: 85 });
  await run(() => bwSets(real, loggedIn({ [SECRET_KEY]: CANARY })));
  expect(JSON.stringify(contentOf(real))).not.toContain(CANARY);
});

test('where both changed the same key, the run starts over on the new content', async () => {
  const { real, scratch, run } = place(loggedIn({ [CIPHERS]: 'first' }));
  const seen: unknown[] = [];
  const result = await run((folder) => {
    seen.push(contentOf(folder)[CIPHERS]);
    if (seen.length === 1) bwSets(real, { [CIPHERS]: 'by bw create' });
    bwSets(folder, { [CIPHERS]: `ours ${seen.length}` });
    return seen.length;
  });
  expect(seen).toEqual(['first', 'by bw create']);
  expect(result).toBe(2);
  expect(contentOf(real)[CIPHERS]).toBe('ours 2');
  expect(readdirSync(scratch)).toEqual([]);
});

test('after three conflicts the file is theirs', async () => {
  const { real, scratch, run } = place(loggedIn({ [CIPHERS]: 'first' }));
  let runs = 0;
  const refusal = run((folder) => {
    runs += 1;
    bwSets(real, { [CIPHERS]: `theirs ${runs}` });
    bwSets(folder, { [CIPHERS]: `ours ${runs}` });
  });
  await expect(refusal).rejects.toMatchObject({ name: 'data-file-busy' });
  expect(runs).toBe(3);
  expect(contentOf(real)[CIPHERS]).toBe('theirs 3');
  expect(readdirSync(scratch)).toEqual([]);
});

test('an unlock replaces the session that others wrap anew meanwhile, without starting over', async () => {
  const { real, run } = place(loggedIn({ [SLOT_KEY]: 'first' }));
  let runs = 0;
  await run((folder) => {
    runs += 1;
    bwSets(real, { [SLOT_KEY]: 'wrapped anew by bw list' });
    bwSets(folder, { [SLOT_KEY]: 'by our unlock' });
  }, 'new');
  expect(runs).toBe(1);
  expect(contentOf(real)[SLOT_KEY]).toBe('by our unlock');
});

test.each([
  ['wrapped anew', 'by another unlock'],
  ['wrapped anew', undefined],
  [undefined, 'by another unlock'],
])('a sync that leaves the slot %s keeps the one that stands there: %s', async (ours, theirs) => {
  const { real, run } = place(loggedIn({ [SLOT_KEY]: 'first' }));
  await run((folder) => {
    bwSets(real, { [SLOT_KEY]: theirs });
    bwSets(folder, { [SLOT_KEY]: ours, [CIPHERS]: 'fresh' });
  }, 'kept');
  expect(contentOf(real)).toEqual(
    loggedIn({ [CIPHERS]: 'fresh', ...(theirs !== undefined && { [SLOT_KEY]: theirs }) }),
  );
});

test('what bw writes in passing on both sides is no conflict', async () => {
  const [registered, lastSync] = ['global_clearEvent_lock', `user_${USER}_sync_lastSync`];
  const { real, run } = place(loggedIn({ [registered]: [{ key: 'a' }] }));
  let runs = 0;
  await run((folder) => {
    runs += 1;
    bwSets(real, {
      [registered]: [{ key: 'a' }, { key: 'theirs' }],
      [lastSync]: '2026-03-01T10:00:02.000Z',
      global_config_byServer: 'theirs',
    });
    bwSets(folder, {
      [registered]: [{ key: 'a' }, { key: 'ours' }],
      [lastSync]: '2026-03-01T10:00:01.000Z',
      global_config_byServer: 'ours',
      [CIPHERS]: 'fresh',
    });
  });
  expect(runs).toBe(1);
  expect(contentOf(real)).toMatchObject({
    [registered]: [{ key: 'a' }, { key: 'theirs' }, { key: 'ours' }],
    [lastSync]: '2026-03-01T10:00:01.000Z',
    [CIPHERS]: 'fresh',
  });
});

test('an outside logout during a run is not undone', async () => {
  const { real, run } = place(loggedIn());
  let runs = 0;
  const refusal = run((folder) => {
    runs += 1;
    if (runs > 1) throw new Error(`logged in: ${'global_account_accounts' in contentOf(folder)}`);
    writeFileSync(join(real, 'data.json'), '{"stateVersion": 85}');
    bwSets(folder, { [CIPHERS]: { fresh: true } });
  });
  await expect(refusal).rejects.toThrow('logged in: false');
  expect(contentOf(real)).toEqual({ stateVersion: 85 });
});

test('a layout that is not known is not even run on', async () => {
  const json = { ...loggedIn(), stateVersion: 900 };
  const { real, run } = place(json);
  let runs = 0;
  await expect(run(() => runs++)).rejects.toMatchObject({ name: 'data-file-unknown' });
  expect(runs).toBe(0);
  expect(contentOf(real)).toEqual(json);
});

test('bw may bring the file to a newer layout that is known, not to one that is not', async () => {
  const { real, run } = place({ ...loggedIn(), stateVersion: 70 });
  await run((folder) => bwSets(folder, { stateVersion: 85 }));
  expect(contentOf(real).stateVersion).toBe(85);
  const refusal = run((folder) => bwSets(folder, { stateVersion: 900 }));
  await expect(refusal).rejects.toMatchObject({ name: 'data-file-unknown' });
  expect(contentOf(real).stateVersion).toBe(85);
});

test.each(['', '{}', '{"stateVersion": 85, "half'])(
  'a copy that bw left as %j does not log anybody out',
  async (left) => {
    const { real, run } = place(loggedIn());
    const refusal = run((folder) => writeFileSync(join(folder, 'data.json'), left));
    await expect(refusal).rejects.toMatchObject({ name: 'data-file-unreadable' });
    expect(contentOf(real)).toEqual(loggedIn());
  },
);

test('a copy that bw removed does not log anybody out', async () => {
  const { real, run } = place(loggedIn());
  const refusal = run((folder) => rmSync(join(folder, 'data.json')));
  await expect(refusal).rejects.toMatchObject({ name: 'data-file-unreadable' });
  expect(contentOf(real)).toEqual(loggedIn());
});

test('a scratch folder that is missing is told before anything runs', async () => {
  const { real, scratch, run } = place(loggedIn());
  rmSync(scratch, { recursive: true });
  let runs = 0;
  await expect(run(() => runs++)).rejects.toMatchObject({ name: 'data-file-unwritable' });
  expect(runs).toBe(0);
  expect(contentOf(real)).toEqual(loggedIn());
});

test('what a killed daemon left is cleared, and nothing else', () => {
  const scratch = folderWith();
  mkdirSync(join(scratch, 'staged-a1B2c3'));
  writeFileSync(join(scratch, 'staged-a1B2c3', 'data.json'), CANARY);
  writeFileSync(join(scratch, 'daemon.sock'), '');
  clearStaged(scratch);
  const left = readdirSync(scratch, { recursive: true, encoding: 'utf8' }).sort();
  expect(left).toEqual(['daemon.sock', 'staged-a1B2c3']);
  // A bw that was only starting cannot make its folder anew.
  expect(() => mkdirSync(join(scratch, 'staged-a1B2c3'), { recursive: true })).toThrow('EEXIST');
  clearStaged(scratch);
  expect(readdirSync(scratch)).toEqual(['daemon.sock']);
});

test('a run that failed while its bw is not ours to end bars the way, and any other does not', async () => {
  const file = openDataFile(folderWith({}), { clock: hastyClock(), platform: process.platform });
  const scratch = folderWith();
  for (const abandoned of [true, false]) {
    const run = async () => {
      throw new Error('its client is gone');
    };
    const staging = {
      scratch,
      clientSecret: undefined,
      session: 'new',
      atRest: 'keychain',
      run,
    } as const;
    await expect(staged(file, { ...staging, abandoned: () => abandoned })).rejects.toThrow('gone');
    const left = readdirSync(scratch);
    expect(left).toHaveLength(abandoned ? 1 : 0);
    for (const name of left) expect(statSync(join(scratch, name)).isFile()).toBe(true);
    clearStaged(scratch);
  }
});

test('a bw that makes its folder anew before the way is barred has it taken away once more', async () => {
  const file = openDataFile(folderWith({}), { clock: hastyClock(), platform: process.platform });
  const scratch = folderWith();
  let copy = '';
  const staging = {
    scratch,
    clientSecret: undefined,
    session: 'new',
    atRest: 'keychain',
    async run(folder: string) {
      copy = folder;
      throw new Error('its client is gone');
    },
    abandoned() {
      mkdirSync(copy);
      writeFileSync(join(copy, 'data.json'), CANARY);
      return true;
    },
  } as const;
  await expect(staged(file, staging)).rejects.toThrow('gone');
  expect(readFileSync(copy, 'utf8')).toBe('');
});
