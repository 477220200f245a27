import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createVerbs } from '../../../daemon/bw/verbs.ts';
import { createPasswordLogin } from '../../../daemon/password-login.ts';
import { createQueue } from '../../../daemon/queue.ts';
import { openDataFile } from '../../../daemon/vault/data-file.ts';
import { staged } from '../../../daemon/vault/staged.ts';
import { failure } from '../../../shared/errors.ts';
import { Secret } from '../../../shared/secret.ts';
import { standIn } from '../../support/stand-in-caller.ts';
import { folderWith, hastyClock, loggedIn, SLOT_KEY, session } from './vault/samples.ts';

const log = { debug() {}, info() {}, warn() {} };
const context = (secrets: readonly Secret[]) => ({ dataDir: '', server: '', secrets });

interface Played {
  readonly raisesChallenge?: boolean;
  /** What bw does on the terminal; gives its stdout. */
  readonly bw: (env: Record<string, string>) => { left: Record<string, unknown>; stdout: string };
  readonly secret?: () => Promise<undefined | { clientId: string; clientSecret: Secret }>;
  /** The daemon leaves, and the person does nothing. */
  readonly aborted?: boolean;
}

/** A login on a terminal with a bw that is played. */
async function logIn({ raisesChallenge = true, bw, secret, aborted }: Played) {
  const clock = hastyClock();
  const dataFile = openDataFile(folderWith({}), { clock, platform: process.platform });
  const noBw = () => Promise.reject(new Error('no bw runs in the daemon'));
  const verbs = createVerbs({
    dataFile,
    scratch: folderWith(),
    run: noBw,
    clock,
    platform: process.platform,
    random: () => 'x',
    context,
    atRest: () => 'keychain',
    stage: staged,
  });
  const handedOut: Record<string, string>[] = [];
  const notes: (string | undefined)[] = [];
  const caller = {
    ...standIn('pts/1'),
    async runBw({ env, note }: { env: Record<string, string>; note?: string | undefined }) {
      handedOut.push(env);
      notes.push(note);
      if (aborted) await new Promise(() => {});
      const { left, stdout } = bw(env);
      writeFileSync(join(env.FOLDER ?? '', 'data.json'), JSON.stringify(left));
      return { exitCode: 0, stdout, stderr: '' };
    },
  };
  const passwordLogin = createPasswordLogin({
    dataFile,
    verbs,
    context,
    log,
    queue: createQueue(),
    invoke: {
      run: noBw,
      raisesChallenge: () => raisesChallenge,
      onTerminal: (folder, args, extra) => ({
        command: 'bw',
        args: [...args],
        env: { FOLDER: folder, ...extra },
      }),
    },
    handOver: () => ({ args: [] }),
    checkApiKey: () => Promise.reject(new Error('nobody asks')),
    server: () => undefined,
    secret: secret ?? (async () => undefined),
    leaving: () => (aborted ? AbortSignal.abort() : new AbortController().signal),
  });
  const key = await passwordLogin(caller, { args: [], email: 'fern@example.test' });
  return { key, handedOut, notes, json: await dataFile.read() };
}

const { key, slot } = session();
const open = () => ({ left: loggedIn({ [SLOT_KEY]: slot }), stdout: `${key.reveal()}\n` });
const stored = async () => ({ clientId: 'user.x', clientSecret: new Secret('s3cr3t') });

test('a key that opens the slot is kept', async () => {
  const { key: kept, json } = await logIn({ bw: open });
  expect(kept?.reveal()).toBe(key.reveal());
  expect(json?.[SLOT_KEY]).toBe(slot);
});

test.each([
  ['another slot', session().key.reveal()],
  ['no slot, as there is none', ''],
])('with a key for %s the vault is left locked', async (_, stdout) => {
  const { key: kept, json } = await logIn({ bw: () => ({ ...open(), stdout }) });
  expect(kept).toBeUndefined();
  expect(json).toEqual(loggedIn());
});

test('client_secret goes to the one bw of this login, once', async () => {
  const { handedOut } = await logIn({ bw: open, secret: stored });
  expect(handedOut).toEqual([expect.objectContaining({ BW_CLIENTSECRET: 's3cr3t' })]);
});

test('a bw that cannot raise the challenge gets none, and the keychain is not even asked', async () => {
  const secret = () => Promise.reject(new Error('asked'));
  const { handedOut } = await logIn({ bw: open, secret, raisesChallenge: false });
  expect(handedOut[0]).not.toHaveProperty('BW_CLIENTSECRET');
});

test('without a stored one the variable is not there at all, as an empty one keeps bw from asking', async () => {
  const { handedOut } = await logIn({ bw: open });
  expect(handedOut[0]).not.toHaveProperty('BW_CLIENTSECRET');
});

test('a keychain that cannot be used is told, and bw may still ask', async () => {
  const secret = () => Promise.reject(failure('keychain-no-service'));
  const { handedOut, notes } = await logIn({ bw: open, secret });
  expect(handedOut[0]).not.toHaveProperty('BW_CLIENTSECRET');
  expect(notes[0]).toContain('No program offers a system keychain');
});

test('who cancels the passphrase of the keychain cancels the login', async () => {
  const secret = () => Promise.reject(failure('prompt-cancelled'));
  await expect(logIn({ bw: open, secret })).rejects.toMatchObject({ name: 'prompt-cancelled' });
});

test('a bw that asked and ended with 0 and nothing to show was cancelled', async () => {
  const bw = () => ({ left: { stateVersion: 85 }, stdout: '' });
  await expect(logIn({ bw })).rejects.toMatchObject({ name: 'prompt-cancelled' });
});

test('a daemon that leaves waits for no person', async () => {
  await expect(logIn({ bw: open, aborted: true })).rejects.toMatchObject({ name: 'daemon-gone' });
});
