import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadPipe } from '../../../../daemon/bw/pipe.ts';
import { createRunner, type RunOptions } from '../../../../daemon/bw/run.ts';
import { Failure } from '../../../../shared/errors.ts';
import { Secret } from '../../../../shared/secret.ts';
import { withoutDescriptors } from '../../../support/descriptors.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { testOnLinux } from '../../../support/test-where.ts';

const DEADLINE_MS = 30_000;
const posixOnly = test.skipIf(process.platform === 'win32');

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs a fixture; time stands still until the test moves it. */
function setUp() {
  const clock = manualClock();
  let child: ChildProcess | undefined;
  const run = createRunner({
    spawn: ((...args: Parameters<typeof spawn>) => {
      child = spawn(...args);
      return child;
    }) as typeof spawn,
    kill: (pid, signal) => process.kill(pid, signal),
    clock,
    platform: process.platform,
    openPipe: loadPipe(process.platform),
  });
  return {
    clock,
    run: (name: string, args: string[] = [], options: Partial<RunOptions> = {}) => {
      const file = fileURLToPath(new URL(`../../../fixtures/${name}.mjs`, import.meta.url));
      const program = { command: process.execPath, prefix: [file], file };
      return run(program, args, { env: {}, deadlineMs: DEADLINE_MS, ...options });
    },
    runProgram: (command: string) =>
      run({ command, prefix: [], file: command }, [], { env: {}, deadlineMs: DEADLINE_MS }),
    /** Waits until the child writes `word`. */
    async hears(word: string, on: 'stdout' | 'stderr' = 'stderr') {
      while (!child?.[on]) await new Promise(setImmediate);
      while (!String(await once(child[on], 'data')).includes(word));
    },
    async exits() {
      if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

describe('a run of bw that ends by itself', () => {
  test('gives exit code, stdout and stderr', async () => {
    const { run } = setUp();
    const result = await run('bw-complains-at-length');
    expect(result).toMatchObject({ exitCode: 1, signal: null, stopped: undefined });
    expect(result.stdout.reveal()).toBe('');
  });

  test('keeps the end of a long stderr, where the sentence stands', async () => {
    const { stderr } = await setUp().run('bw-complains-at-length');
    expect(stderr).toHaveLength(64 * 1024);
    expect(stderr.endsWith('\nYou are not logged in.')).toBe(true);
  });

  test('gives the signal of one that was killed, and the half line it had written', async () => {
    const result = await setUp().run('bw-dies-mid-line');
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', stopped: undefined });
    expect(result.stdout.reveal()).toBe('half a li');
  });

  test('hands over the given arguments and environment and nothing else', async () => {
    vi.stubEnv('BW_SESSION', 'from-the-daemon');
    vi.stubEnv('NODE_V8_COVERAGE', tmpdir());
    const { stdout } = await setUp().run('bw-shows-itself', ['unlock', '--raw'], {
      env: { BITWARDENCLI_APPDATA_DIR: '/data' },
    });
    const seen = JSON.parse(stdout.reveal());
    expect(seen.args).toEqual(['unlock', '--raw']);
    expect(seen.env).toEqual({ BITWARDENCLI_APPDATA_DIR: '/data' });
    expect(seen.stdinBytes).toBe(0);
  });

  test('prints as [secret] what bw wrote', async () => {
    const result = await setUp().run('bw-dies-mid-line');
    expect(JSON.stringify(result)).not.toContain('half a li');
  });
});

describe('the password', () => {
  posixOnly('reaches bw by --passwordfile /dev/stdin', async () => {
    const password = 'pässword mit  "quotes" \\ and $dollars';
    const { stdout, stderr } = await setUp().run(
      'bw-reads-password-file',
      ['--passwordfile', '/dev/stdin'],
      { input: new Secret(password) },
    );
    expect(stderr).toBe('');
    expect(Buffer.from(stdout.reveal(), 'hex').toString()).toBe(password);
  });

  posixOnly('may have 4096 bytes, which no pipe makes wait', async () => {
    const { stdout } = await setUp().run('bw-reads-password-file', ['/dev/stdin'], {
      input: new Secret('p'.repeat(4_096)),
    });
    expect(stdout.reveal()).toBe('70'.repeat(4_096));
  });

  test('may be left unread', async () => {
    const result = await setUp().run('bw-dies-mid-line', [], { input: new Secret('unread') });
    expect(result.signal).toBe('SIGKILL');
  });
});

describe('a run of bw that must be stopped', () => {
  test('ends at its deadline, and not before', async () => {
    const { run, clock, hears } = setUp();
    const result = run('bw-hangs');
    await hears('up');
    // One timer, the deadline's: SIGTERM would have set another.
    clock.advance(DEADLINE_MS - 1);
    expect(clock.timers).toBe(1);
    clock.advance(1);
    expect(await result).toMatchObject({ stopped: 'deadline', durationMs: DEADLINE_MS });
  });

  posixOnly('is asked first, and killed when it does not leave', async () => {
    const { run, clock, hears } = setUp();
    const result = run('bw-ignores-sigterm');
    await hears('up');
    clock.advance(DEADLINE_MS);
    await hears('asked');
    clock.advance(2_000);
    expect(await result).toMatchObject({ signal: 'SIGKILL', stopped: 'deadline' });
  });

  test('ends when the caller gives it up', async () => {
    const { run, hears } = setUp();
    const giveUp = new AbortController();
    const result = run('bw-hangs', [], { signal: giveUp.signal });
    await hears('up');
    giveUp.abort();
    expect(await result).toMatchObject({ stopped: 'aborted' });
  });

  test('is not even started when the caller has given it up before', async () => {
    const result = await setUp().run('bw-hangs', [], { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ stopped: 'aborted', exitCode: null });
  });

  test('is killed when it writes without end, and 1 MiB is kept', async () => {
    const result = await setUp().run('bw-prints-forever');
    expect(result.stopped).toBe('flood');
    expect(result.stdout.bytes()).toHaveLength(1024 * 1024);
  });
});

describe('after the end', () => {
  let left: number | undefined;
  afterEach(() => {
    if (left) process.kill(left, 'SIGKILL');
    left = undefined;
  });

  // The grandchild holds stdout open, and time stands still: only its death completes the run.
  posixOnly('nothing that bw started is alive', async () => {
    const result = await setUp().run('bw-leaves-grandchild');
    expect(result).toMatchObject({ exitCode: 0, signal: null });
    expect(Number(result.stdout.reveal())).toBeGreaterThan(1);
  });

  posixOnly('a grandchild that left the group does not hold up the answer', async () => {
    const { run, clock, hears, exits } = setUp();
    const result = run('bw-leaves-grandchild', ['escaped']);
    await hears('\n', 'stdout');
    await exits();
    clock.advance(1_000);
    const { stdout, exitCode } = await result;
    left = Number(stdout.reveal());
    expect(exitCode).toBe(0);
  });

  test('no timer is left', async () => {
    const { run, clock } = setUp();
    await run('bw-dies-mid-line');
    expect(clock.timers).toBe(0);
  });
});

describe('a bw that cannot be started', () => {
  test('is bw-not-found when the file is gone', async () => {
    const error = await setUp()
      .runProgram('/no/such/folder/bw')
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect(error.row.name).toBe('bw-not-found');
  });

  for (const [what, options] of [
    ['its pipes', {}],
    ['its password', { input: new Secret('secret') }],
  ] as const)
    testOnLinux(`is too-many-files where there is no descriptor for ${what}`, async () => {
      const { run } = setUp();
      const ran = withoutDescriptors(() => run('bw-shows-itself', [], options));
      await expect(ran).rejects.toMatchObject({ name: 'too-many-files' });
    });

  posixOnly('is bw-refused when the system does not run the file', async () => {
    const error = await setUp()
      .runProgram('/etc/passwd')
      .catch((thrown) => thrown);
    expect(error.row.name).toBe('bw-refused');
    expect(error.message).toContain('/etc/passwd');
  });
});
