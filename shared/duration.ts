import { LONGEST_SESSION_MS, SHORTEST_SESSION_MS } from './limits.ts';

/** What a duration may look like, for messages. */
export const DURATION_HINT = 'a duration such as 30s, 15m, 8h or 2d, from 1s to 30d';

// Each unit once, large to small: `1h1h` is more likely a slip than two hours.
const DURATION = /^(?:(\d{1,7})d)?(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?$/;

/** `15m`, `8h`, `1h30m` as ms; undefined where it is no duration from 1 s to 30 days. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION.exec(text);
  if (!found) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((amount) => Number(amount ?? 0));
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
  return ms >= SHORTEST_SESSION_MS && ms <= LONGEST_SESSION_MS ? ms : undefined;
}

/** ms in the two largest units, for people: `7h 59m`, `14m 3s`, `0s`. */
export function showDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}
