import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Context } from '../../../client/context.ts';
import { tryConnect } from '../../../client/reach.ts';
import { testOnLinux } from '../../support/test-where.ts';

let runtime: string;
let socket: string;
let listener: ChildProcess | undefined;
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'bwh-'));
  socket = join(runtime, 'socket');
});
afterEach(() => {
  listener?.kill('SIGKILL');
  rmSync(runtime, { recursive: true });
});

/** Listens, and accepts nobody. */
async function startListener(): Promise<number> {
  const script = `net.createServer().listen(${JSON.stringify(socket)}, () => console.log('here'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  listener = child;
  await new Promise((here) => child.stdout.once('data', here));
  child.kill('SIGSTOP');
  return child.pid ?? 0;
}

function reach(): Promise<Socket | 'absent' | 'busy'> {
  const { platform } = process;
  const uid = process.getuid?.() ?? -1;
  return tryConnect({ platform, uid, paths: { runtime, socket } } as Context);
}

testOnLinux(
  'a daemon that is killed before it accepts us is asked for again, and then absent',
  async () => {
    const pid = await startListener();
    const reached = reach();
    process.kill(pid, 'SIGKILL');
    // In this very turn, so that we learn of the connection only when it is reset.
    while (!isGone(pid));
    expect(await reached).toBe('busy');
    expect(await reach()).toBe('absent');
  },
);

/** With all its threads: the last one closes what they share. */
function isGone(pid: number): boolean {
  const [, state] = /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  return state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1;
}
