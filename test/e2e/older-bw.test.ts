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

test('it cannot log out whom a newer one has logged in, and says why', async () => {
  here = await byPassword({ bw: '2025.4.0' });
  const { server, world, fromStdin } = here;
  expect(await fromStdin()).toMatchObject({ code: 0 });
  const settings = (more: string) =>
    world.settings(
      `${more}[profiles.default]\nkeychain = "file"\nserver = "${server.url}"\nca_file = "${server.caFile}"\n`,
    );
  const older = resolve('.ci/bw/node_modules/bw-2023.12.1/build/bw.js');
  settings(`bw_path = "${older}"\n`);
  const refused = await world.helper(['logout']);
  expect(refused).toMatchObject({ code: 23, stdout: '' });
  expect(refused.stderr).toContain('which a newer one wrote');
  settings('');
  expect(await world.helper(['logout'])).toMatchObject({ code: 0 });
});
