/** Which answers of a daemon that is killed at random, and whose sessions expire, are right. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { slot } from '../../daemon/vault/layout.ts';
import type { Json } from '../../daemon/vault/layouts.ts';
import { verifies } from '../../daemon/vault/slot.ts';
import { parseAuditLine } from '../../shared/audit.ts';
import { errors } from '../../shared/errors.ts';
import { Secret } from '../../shared/secret.ts';
import type { Ran, World } from './world.ts';

export type Request = 'key' | 'key, unasked' | 'exec' | 'lock' | 'bw lock' | 'sync' | 'status';

export interface Judge {
  /** Answers by what was asked for. */
  readonly counts: Readonly<Partial<Record<Request, number>>>;
  /** What nobody should have been told. */
  readonly wrong: readonly string[];
  /** Requests that failed as their daemon was killed under them. */
  readonly cut: readonly Request[];
  /** Judges the answer to a request of the time `from`, as performance.now() gives it. */
  take(request: Request, from: number, ran: Ran): Promise<void>;
  /** The daemon is about to be killed; to be called again once it is gone. */
  killing(): () => void;
  /** Sessions seen so far that ended at their limit. */
  expired(): number;
}

/** What a killed daemon leaves: no answer, or, where the request had just started it, no start. */
const CUT: readonly number[] = [errors['daemon-gone'].exit, errors['daemon-start-failed'].exit];
const KEY = /^[A-Za-z0-9+/]{86}==$/;

export function createJudge(world: World): Judge {
  const counts: Partial<Record<Request, number>> = {};
  const wrong: string[] = [];
  const cut: Request[] = [];
  /** When each killed daemon was gone. */
  const kills: { gone: number }[] = [];
  /** When somebody locked; and who was told meanwhile that the unlock is off. */
  const locks: { from: number; to: number }[] = [];
  const cancelled: { from: number; to: number; told: string }[] = [];
  /** When a key was seen to open nothing any more. */
  const deadSince = new Map<string, number>();
  const expired = new Set<string>();

  async function problem(request: Request, from: number, { code, stdout }: Ran) {
    const [first = '', ...more] = stdout.split('\n');
    switch (request) {
      case 'key':
        return code === 0 ? await ofKey(first, from) : 'no key';
      case 'key, unasked':
        if (stdout === '' && code === errors['vault-locked'].exit) return undefined;
        return code === 0 ? await ofKey(first, from) : 'no key';
      case 'exec':
        if (code === 0 && more.join('').includes('Fern forum')) return undefined;
        return (
          (await ofKey(first, from)) ??
          ((await isLive(first)) ? 'bw failed with a live key' : undefined)
        );
      case 'status':
        return code === 0 && /"state": *"(un)?locked"/.test(stdout) ? undefined : 'no status';
      default:
        return code === 0 ? undefined : 'failed';
    }
  }

  /** Only a key that was already seen to be dead must not be handed out: any other may just have died. */
  async function ofKey(key: string, from: number): Promise<string | undefined> {
    if (!KEY.test(key)) return 'not a key';
    const since = deadSince.get(key);
    if (since !== undefined) return since < from ? 'a dead key' : undefined;
    if (!(await isLive(key))) deadSince.set(key, performance.now());
    return undefined;
  }

  async function isLive(key: string): Promise<boolean> {
    const now = slot(await readWhole(join(world.dataDir, 'data.json')));
    return now !== undefined && verifies(now, new Secret(Buffer.from(key))) === 'live';
  }

  return {
    counts,
    get wrong() {
      const unasked = cancelled.filter(
        (one) => !locks.some((lock) => lock.from < one.to && one.from < lock.to),
      );
      return [...wrong, ...unasked.map(({ told }) => told)];
    },
    cut,
    async take(request, from, ran) {
      counts[request] = (counts[request] ?? 0) + 1;
      const span = { from, to: performance.now() };
      if (request === 'lock') locks.push(span);
      if (ran.code === errors['prompt-cancelled'].exit) {
        cancelled.push({ ...span, told: `${request}: ${ran.stderr}` });
        return;
      }
      const why = await problem(request, from, ran);
      if (!why) return;
      const wasKilled = kills.some(({ gone }) => gone > from);
      if (wasKilled && CUT.includes(ran.code ?? 0)) cut.push(request);
      else wrong.push(`${request}: ${why} (exit ${ran.code}) ${ran.stderr}`);
    },
    killing() {
      const kill = { gone: Number.POSITIVE_INFINITY };
      kills.push(kill);
      return () => {
        kill.gone = performance.now();
      };
    },
    expired() {
      const file = join(world.stateDir, 'audit.jsonl');
      for (const text of readFileSync(file, 'utf8').split('\n')) {
        const line = parseAuditLine(text);
        if (line?.why === 'max') expired.add(line.at);
      }
      return expired.size;
    },
  };
}

/** bw writes it in place, so that it can be met empty or half written. */
async function readWhole(file: string): Promise<Json> {
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      await pass(10);
    }
  }
}
