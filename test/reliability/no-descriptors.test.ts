/** A daemon that may open nothing more: it says so, loses nothing, and is right again once there is room. */
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { leaveOne, limitDescriptors } from '../support/descriptors.ts';
import { settledDescriptorsOf } from '../support/processes.ts';
import { connectRaw, frame, HELLO, type RawConnection } from '../support/raw-connection.ts';
import { PASSPHRASE, type SignedIn, signedIn, unlockFromStdin } from '../support/signed-in.ts';
import { isRoot, testOnLinux, testWhere } from '../support/test-where.ts';

const ROOM = 1_000;
/** One start of bw takes 9 for a moment. */
const TOO_FEW = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const isLinux = process.platform === 'linux';
const testDescriptors = testWhere(
  isLinux && isRoot(),
  'needs Linux, and root: the daemon hides them',
);

let here: SignedIn;
let socketPath: string;
let pid: number;

function know(): void {
  socketPath = join(here.world.runtimeDir, 'bw-helper', 'socket');
  // Limits of process 0 would be our own.
  const found = here.world.daemonPid();
  if (found === undefined) throw new Error('no daemon runs');
  pid = found;
}

const dataJsonFile = () => join(here.world.dataDir, 'data.json');
const dataJson = () => readFileSync(dataJsonFile(), 'utf8');
const stagedCopies = () =>
  readdirSync(join(here.world.runtimeDir, 'bw-helper')).filter((name) => /^staged-/.test(name));

describe('a daemon whose descriptors run out', () => {
  let key: string;
  beforeAll(async () => {
    if (!isLinux) return;
    here = await signedIn();
    know();
  });
  beforeEach(async () => {
    if (isLinux) key = await unlockFromStdin(here);
  });
  afterEach(async () => {
    if (!isLinux) return;
    limitDescriptors(pid, ROOM);
    // The very daemon, and the very session.
    const got = await here.world.helper(['get-session', '--no-input']);
    expect(got).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: '' });
    expect(here.world.daemonPid()).toBe(pid);
  });
  afterAll(() => here?.close());

  testOnLinux('data.json that cannot be opened says nothing about the session', async () => {
    await leaveOne(pid, socketPath);
    // So that it has to be read.
    utimesSync(dataJsonFile(), new Date(), new Date());
    for (const args of [
      ['get-session', '--no-input'],
      ['status'],
      ['secret', 'status'],
      ['sync'],
    ]) {
      const got = await here.world.helper(args);
      expect(got).toMatchObject({ code: 82, stdout: '' });
      expect(got.stderr).toMatch(
        /^helper: Too many files are open: the process has reached its limit\.\n {8}.*\n$/,
      );
    }
  });

  testOnLinux('settings that cannot be read are not called wrong, and are read later', async () => {
    await leaveOne(pid, socketPath);
    const file = join(here.world.home, '.config', 'bw-helper', 'config.toml');
    here.world.settings(`${readFileSync(file, 'utf8')}\n# saved anew\n`);
    for (const args of [
      ['get-session', '--no-input'],
      ['config', 'check'],
      ['config', 'list'],
    ])
      expect(await here.world.helper(args)).toMatchObject({ code: 82, stdout: '' });
  });

  testDescriptors('bw that cannot be started leaves no descriptor open', async () => {
    // libuv has closed one and opened another of its own meanwhile, to refuse who came.
    await leaveOne(pid, socketPath);
    limitDescriptors(pid, ROOM);
    const before = await settledDescriptorsOf(pid);
    for (const more of TOO_FEW) {
      limitDescriptors(pid, (await leaveOne(pid, socketPath)) + more);
      expect(await here.world.helper(['sync'])).toMatchObject({ code: 82 });
    }
    expect(await settledDescriptorsOf(pid)).toEqual(before);
  });

  testOnLinux('bw that cannot be started changes nothing, and leaves no copy behind', async () => {
    const before = dataJson();
    const most = await leaveOne(pid, socketPath);
    for (const more of TOO_FEW) {
      limitDescriptors(pid, most + more);
      expect(await here.world.helper(['sync'])).toMatchObject({ code: 82, stdout: '' });
    }
    expect(dataJson()).toBe(before);
    expect(stagedCopies()).toEqual([]);
  });

  testOnLinux('a lock that fails by it is told, and a later one ends the session', async () => {
    await leaveOne(pid, socketPath);
    const got = await here.world.helper(['lock']);
    expect(got).toMatchObject({ code: 43, stdout: '' });
    expect(got.stderr).toContain('Too many files are open');
    expect(dataJson()).toContain('_user_auto');
    limitDescriptors(pid, ROOM);
    expect(await here.world.helper(['lock'])).toMatchObject({ code: 0 });
    expect(dataJson()).not.toContain('_user_auto');
    key = await unlockFromStdin(here);
  });

  testOnLinux('an unlock that fails by it opens nothing', async () => {
    await here.world.helper(['lock']);
    const most = await leaveOne(pid, socketPath);
    const input = `${here.server.account.password}\n`;
    for (const more of [0, 2, 4, 6, 8]) {
      limitDescriptors(pid, most + more);
      const got = await here.world.helper(['get-session', '--password-stdin'], { input });
      expect(got).toMatchObject({ code: 82, stdout: '' });
    }
    expect(dataJson()).not.toContain('_user_auto');
    expect(stagedCopies()).toEqual([]);
    limitDescriptors(pid, ROOM);
    key = await unlockFromStdin(here);
  });

  testOnLinux('the keychain file that cannot be opened is not called damaged', async () => {
    expect(await here.world.helper(['logout'])).toMatchObject({ code: 0 });
    const most = await leaveOne(pid, socketPath);
    for (const more of [0, 1, 2]) {
      limitDescriptors(pid, most + more);
      expect(await here.world.helper(['login'])).toMatchObject({ code: 82 });
    }
    limitDescriptors(pid, ROOM);
    const askpass = here.world.program('askpass', `#!/bin/sh\necho '${PASSPHRASE}'\n`);
    const login = await here.world.helper(['login'], { env: { BW_HELPER_ASKPASS: askpass } });
    expect(login).toMatchObject({ code: 0 });
    key = await unlockFromStdin(here);
  });

  testOnLinux('who comes while it can take nobody is served as soon as it can', async () => {
    limitDescriptors(pid, (await leaveOne(pid, socketPath)) - 1);
    const hungUp = await connectRaw(socketPath);
    const waiting = here.world.helper(['get-session', '--no-input']);
    await hungUp.ended;
    limitDescriptors(pid, ROOM);
    expect(await waiting).toMatchObject({ code: 0, stdout: `${key}\n`, stderr: '' });
  });

  testOnLinux('where that lasts it is called full, and not gone', async () => {
    limitDescriptors(pid, (await leaveOne(pid, socketPath)) - 1);
    const got = await here.world.helper(['get-session', '--no-input']);
    expect(got).toMatchObject({ code: 83, stdout: '' });
    expect(got.stderr).toMatch(/^helper: The daemon takes no more connections now\.\n/);
  });
});

describe('a daemon with 64 descriptors', () => {
  const crowd: RawConnection[] = [];
  beforeAll(async () => {
    if (!isLinux) return;
    here = await signedIn();
    await here.world.helper(['daemon', 'stop']);
    await here.world.run(['sh', '-c', 'ulimit -n 64 && exec helper daemon start']);
    know();
  });
  afterEach(() => {
    for (const one of crowd.splice(0)) one.close();
  });
  afterAll(() => here?.close());

  async function come(request = ''): Promise<RawConnection> {
    const one = await connectRaw(socketPath);
    crowd.push(one);
    one.write(HELLO + request);
    await one.answer('hello');
    return one;
  }

  testOnLinux('has enough for its own work, however many clients there are', async () => {
    for (let n = 0; n < 100; n += 1) await come();
    const askpass = here.world.program('askpass', askpassFor(here));
    const got = await here.world.helper(['get-session'], { env: { BW_HELPER_ASKPASS: askpass } });
    expect(got).toMatchObject({ code: 0, stderr: '' });
    expect(here.world.daemonPid()).toBe(pid);
  });

  testOnLinux('is full where all of them wait for an answer, until one leaves', async () => {
    await here.world.helper(['lock']);
    const wait = { id: 'long', method: 'session.get', params: { waitMs: 3_600_000 } };
    while ((await come(frame(wait))).open);
    const late = here.world.helper(['daemon', 'status']);
    expect(await late).toMatchObject({ code: 83, stdout: '' });
    crowd[0]?.close();
    expect(await here.world.helper(['daemon', 'status'])).toMatchObject({ code: 0, stderr: '' });
    expect(here.world.daemonPid()).toBe(pid);
  });
});

/** Answers for the passphrase and the master password alike. */
function askpassFor({ server }: SignedIn): string {
  return `#!/bin/sh\ncase "$1" in *assphrase*) echo '${PASSPHRASE}';; *) echo '${server.account.password}';; esac\n`;
}
