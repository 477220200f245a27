/** Second factors and new devices: bw asks on the person's terminal, and scripts have options. */
import { beforeAll, describe, expect, test } from 'vitest';
import { answers, type ByPassword, byPassword } from '../support/by-password.ts';

const CODE = '123456';

let here: ByPassword;

describe.each([undefined, '2025.4.0'] as const)('bw %s', (bw) => {
  beforeAll(async () => {
    here = await byPassword({ bw });
    return () => here.close();
  });

  async function logOut(): Promise<void> {
    expect((await here.world.helper(['logout'])).code).toBe(0);
  }

  test.each([
    ['of two-step login', { twoFactorCode: CODE }, /Two-step login code: /],
    ['for a new device', { newDeviceCode: CODE }, /Enter OTP sent to login email: /],
  ])('asks for a code %s on the terminal', async (_, demand, prompt) => {
    const { server, onTerminal } = here;
    server.demand(demand);
    const terminal = onTerminal();
    await answers(terminal, /Master password: /, server.account.password);
    await answers(terminal, prompt, CODE);
    await terminal.sees(/Logged in to/);
    expect((await terminal.exit).code).toBe(0);
    await logOut();
  });

  test('asks on the terminal also where an askpass program is named', async () => {
    const { server, world, onTerminal } = here;
    server.demand({ twoFactorCode: CODE });
    const askpass = world.program('asks', '#!/bin/sh\necho wrong\n');
    const terminal = onTerminal([], { BW_HELPER_ASKPASS: askpass });
    await answers(terminal, /Master password: /, server.account.password);
    await answers(terminal, /Two-step login code: /, CODE);
    await terminal.sees(/Logged in to/);
    expect((await terminal.exit).code).toBe(0);
    await logOut();
  });

  test('a wrong code is bw’s own word, and nothing is changed', async () => {
    const { server, world, onTerminal } = here;
    server.demand({ twoFactorCode: CODE });
    const terminal = onTerminal();
    await answers(terminal, /Master password: /, server.account.password);
    await answers(terminal, /Two-step login code: /, '000000');
    await terminal.sees(/Two-step token is invalid[\s\S]*its own words stand above/);
    expect((await terminal.exit).code).toBe(66);
    expect((await world.helper(['status'])).stdout).toMatch(/^state +logged-out$/m);
  });

  test('a script gives it along, or is told that somebody must be asked', async () => {
    const { server, fromStdin } = here;
    server.demand({ twoFactorCode: CODE });
    expect((await fromStdin(['--method', '0', '--code', CODE])).code).toBe(0);
    await logOut();
    const behind = await fromStdin(['--', '--method', '0', '--code', CODE]);
    expect(behind.code).toBe(0);
    await logOut();
    const without = await fromStdin();
    expect(without).toMatchObject({ code: 65, stdout: '' });
    expect(without.stderr).toContain('bw needs a code for this login');
    const wrong = await fromStdin(['--method', '0', '--code', '000000']);
    expect(wrong).toMatchObject({ code: 24, stdout: '' });
    expect(wrong.stderr).toContain('Two-step token is invalid. Try again');
  });

  test('where nobody can be asked at all it says so', async () => {
    const { server, world } = here;
    const args = ['login', '--email', server.account.email];
    for (const more of [[], ['--no-input']]) {
      const ran = await world.helper([...args, ...more]);
      expect(ran).toMatchObject({ code: 65, stdout: '' });
      expect(ran.stderr).toContain('bw needs the master password');
    }
    const nameless = await world.helper(['login', '--password-stdin'], { input: 'x\n' });
    expect(nameless).toMatchObject({ code: 65, stdout: '' });
    expect(nameless.stderr).toContain('bw needs the email address');
  });
});
