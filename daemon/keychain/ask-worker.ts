/** Starts a keychain worker for one request, and ends it with all it started when it has answered. */
import type { ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { failure, toFailure } from '../../shared/errors.ts';
import type { Clock } from '../system/clock.ts';
import { killGroup } from '../system/kill-group.ts';
import { type Answer, type Request, readLine, type Step } from './exchange.ts';

/** Until it runs: Node's own start, on a machine that has more to do. */
const START_MS = 15_000;
/** For a keychain that has nobody to wait for: it answers in milliseconds or not at all. */
const ANSWER_MS = 5_000;
/** For one that may have a window open, in which a person types. */
const PERSON_MS = 60_000;
/** A value of 4 KiB that JSON has to escape wholly fits in. */
const LINE_BYTES = 64 * 1024;

export interface WorkerParts {
  readonly spawn: typeof nodeSpawn;
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface AskWorker {
  /** Rejects with keychain-timeout and too-many-files; a worker that dies is an answer, too. */
  ask(request: Request): Promise<Answer>;
  /** Ends every worker that is under way. */
  stop(): void;
}

export function createAskWorker(parts: WorkerParts): AskWorker {
  const running = new Set<ChildProcess>();

  async function ask(request: Request): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const child = start(parts);
    running.add(child);
    let cancel = () => {};
    const allow = (ms: number) => {
      cancel();
      cancel = parts.clock.after(ms, () => {
        reject(failure('keychain-timeout', { seconds: ms / 1_000 }));
        killGroup(parts, child, 'SIGKILL');
      });
    };
    const end = (answer: Answer) => {
      resolve(answer);
      // Not by its own exit: a thread that waits for a prompt keeps it from that.
      killGroup(parts, child, 'SIGKILL');
    };
    allow(START_MS);
    readLines(child, (line) => {
      if (line === 'started') allow(ANSWER_MS);
      else if (line === 'reached') allow(request.mayAsk ? PERSON_MS : ANSWER_MS);
      else if (line) end(line);
      else end({ refused: 'failed', detail: 'its worker said what is not understood here' });
    });
    const over = () => {
      cancel();
      running.delete(child);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      over();
      const reason = toFailure(error);
      if (reason.is('too-many-files')) return reject(reason);
      end({ refused: 'failed', detail: `its worker cannot be started (${error.code})` });
    });
    child.once('close', (code, signal) => {
      over();
      resolve({
        refused: 'failed',
        detail: `its worker ended early (${signal ?? `exit ${code}`})`,
      });
    });
    // It may end without reading: that is told by its end.
    child.stdin?.on('error', () => {}).end(`${JSON.stringify(request)}\n`);
    return await promise;
  }

  return {
    ask,
    stop() {
      for (const child of running) killGroup(parts, child, 'SIGKILL');
    },
  };
}

function start({ spawn, platform, command: [program = '', ...args], env }: WorkerParts) {
  return spawn(program, args, {
    cwd: platform === 'win32' ? undefined : '/',
    // Node hands NODE_V8_COVERAGE to every child unless it is named here (seen with Node 24).
    env: { ...env, NODE_V8_COVERAGE: undefined },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: platform !== 'win32',
    windowsHide: true,
  });
}

/** Calls back for each whole line, and forgets what it was read from. */
function readLines(child: ChildProcess, heard: (line: Step | Answer | undefined) => void): void {
  let rest = Buffer.alloc(0);
  child.stdout?.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([rest, chunk]);
    chunk.fill(0);
    rest.fill(0);
    let from = 0;
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, from)) {
      heard(readLine(all.toString('utf8', from, end)));
      from = end + 1;
    }
    rest = Buffer.from(all.subarray(from));
    all.fill(0);
    if (rest.length > LINE_BYTES) heard(undefined);
  });
}
