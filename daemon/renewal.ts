/**
 * Keeps the access token in data.json fresh while an API-key login is unlocked, so that the person's
 * own `bw create` or `bw edit` work although no client_secret is there for bw to renew it with.
 */
import { type Failure, toFailure } from '../shared/errors.ts';
import { BW_RENEWS_BELOW_MS } from './bw/token.ts';
import type { Log } from './log.ts';
import type { Clock } from './system/clock.ts';

/** We come before it by this much, or by half of what is left of a short token. */
const AHEAD_MS = 5 * 60_000;
/** The longest sleep of the timer: a machine that was suspended notices within this. */
const LOOK_AGAIN_MS = 60_000;
/** After a failure, and after a sync that brought no token bw can use: soon, but not so often that a broken network is hammered. */
const AGAIN_MS = 60_000;
/** Never more often than this, whatever the server says. */
const AT_MOST_EVERY_MS = 1_000;

export interface RenewalParts {
  readonly clock: Clock;
  readonly log: Log;
  /** When the access token runs out, ms since 1970; undefined where nothing is to be renewed. */
  readonly tokenExpiresAtMs: () => Promise<number | undefined>;
  /** A staged sync, which leaves a fresh token behind. */
  readonly renew: () => Promise<void>;
}

export interface Renewal {
  /** Begins anew; what was refused before is tried again. */
  start(): void;
  stop(): void;
  /** Why the last renewal did not work. */
  problem(): string | undefined;
}

export function createRenewal({ clock, log, tokenExpiresAtMs, renew }: RenewalParts): Renewal {
  let cancel: (() => void) | undefined;
  /** Counts the starts and stops: a turn of an earlier one that is still at work ends by itself. */
  let era = 0;
  let problem: string | undefined;
  /** For which token it is planned, and when, both in ms since 1970. */
  let plan = { expiresAtMs: 0, renewAtMs: 0 };
  /** The token for which the API key was refused, by its end. */
  let refused: number | undefined;

  function again(mine: number, ms: number): void {
    if (mine !== era) return;
    cancel?.();
    cancel = clock.after(Math.min(Math.max(ms, AT_MOST_EVERY_MS), LOOK_AGAIN_MS), () => turn(mine));
  }

  async function turn(mine: number): Promise<void> {
    const expiresAtMs = await tokenExpiresAtMs().catch(() => undefined);
    if (mine !== era) return;
    if (expiresAtMs === undefined) return again(mine, LOOK_AGAIN_MS);
    // A refused login each minute would help nobody; another token shows that somebody has seen to it.
    if (expiresAtMs === refused) return again(mine, LOOK_AGAIN_MS);
    if (plan.expiresAtMs !== expiresAtMs) plan = planFor(expiresAtMs);
    const waitMs = plan.renewAtMs - clock.wallMs();
    if (waitMs > 0) return again(mine, waitMs);
    try {
      await renew();
      if (mine !== era) return;
      problem = undefined;
      log.info('access token renewed');
      const next = await tokenExpiresAtMs().catch(() => undefined);
      const usable = next !== undefined && next - clock.wallMs() > BW_RENEWS_BELOW_MS;
      again(mine, usable && next !== expiresAtMs ? 0 : AGAIN_MS);
    } catch (thrown) {
      if (mine !== era) return;
      const reason = toFailure(thrown);
      problem = `the access token was not renewed: ${reason.message} ${reason.row.next}`;
      log.warn('access token not renewed', { error: reason.name });
      if (isRefusal(reason)) refused = expiresAtMs;
      again(mine, AGAIN_MS);
    }
  }

  function planFor(expiresAtMs: number) {
    const now = clock.wallMs();
    const usableMs = expiresAtMs - now - BW_RENEWS_BELOW_MS;
    return { expiresAtMs, renewAtMs: now + usableMs - Math.min(AHEAD_MS, usableMs / 2) };
  }

  return {
    start() {
      cancel?.();
      refused = undefined;
      era += 1;
      turn(era);
    },
    stop() {
      cancel?.();
      era += 1;
      problem = undefined;
    },
    problem: () => problem,
  };
}

/** What stays as it is until a person does something. */
function isRefusal(reason: Failure): boolean {
  return reason.is('wrong-client-secret') || reason.is('no-client-secret');
}
