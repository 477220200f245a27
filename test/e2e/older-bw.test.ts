/** A bw that is older than the one that wrote data.json. */
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type ByPassword, byPassword } from '../support/by-password.ts';

let here: ByPassword | undefined;
afterEach(() => here?.close());

test('it would log in elsewhere than what stands there, so it is not used', async () => {
  here = await byPassword({ bw: '2023.12.1' });
  const { server, world, fromStdin } = here;
  const newer = resolve('.ci/bw/node_modules/bw-2025.4.0/build/bw.js');
  const named = await world.run(['node', newer, 'config', 'server', server.url]);
  expect(named.code).toBe(0);
  const ran = await fromStdin();
  expect(ran).toMatchObject({ code: 23, stdout: '' });
  expect(ran.stderr).toContain('which a newer one wrote');
  expect(server.requests.filter(({ grant }) => grant)).toEqual([]);
});
