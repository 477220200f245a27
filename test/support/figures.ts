export const isLong = process.env.TEST_FIGURES === 'long';

/** How much a test does: `npm test` runs the short figure, `npm run test:long` the long one. */
export function figure(short: number, long: number): number {
  return isLong ? long : short;
}

/** Bound against hanging for ever, in ms, for a test whose figure was chosen by `figure`. */
export function boundMs(shortMs: number): number {
  return figure(shortMs, 30 * shortMs);
}
