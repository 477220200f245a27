import { expect, test } from 'vitest';
import { createLeave } from '../../../daemon/leave.ts';
import type { Profile } from '../../../daemon/profile.ts';
import { failure } from '../../../shared/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';

const log = { info() {}, warn() {}, debug() {} };

test('a profile that is built while we leave is stopped too', async () => {
  const [served, stopped]: [Profile[], string[]] = [[], []];
  const profile = (name: string, stop: () => void) =>
    ({
      name,
      settled: async () => {},
      sessions: {
        async stop() {
          stopped.push(name);
          stop();
        },
      },
    }) as unknown as Profile;
  const late = profile('late', () => {});
  served.push(profile('first', () => served.includes(late) || served.push(late)));
  const leave = createLeave({ clock: manualClock(), log, exit() {} });
  const instance = { release() {} } as never;
  const profiles = {
    get served() {
      return [...served];
    },
  } as never;
  const why = failure('lock-failed', { problem: 'of the tests' }).row;
  const leftOpen = { all: () => [{ profile: 'earlier', why }] } as never;
  leave.onLeave({ drop: async () => {}, profiles, leftOpen, forget() {}, instance });
  expect(await leave.begin('asked')).toEqual([{ profile: 'earlier', why }]);
  expect(stopped).toContain('late');
});
