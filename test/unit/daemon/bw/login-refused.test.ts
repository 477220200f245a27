import { expect, test } from 'vitest';
import { whyRefused } from '../../../../daemon/bw/login-refused.ts';
import { Secret } from '../../../../shared/secret.ts';

/** The end of a login that bw 2025.4.0 refused at the challenge, with an API key that is right. */
const refused = (args: readonly string[]) =>
  whyRefused(
    {
      context: (secrets) => ({ dataDir: '', server: '', secrets }),
      checkApiKey: async () => 'right',
    },
    {
      args,
      left: {},
      proof: { stored: { clientId: 'user.x', clientSecret: new Secret('s3cr3t') } },
      password: new Secret('typed'),
      result: {
        exitCode: 1,
        signal: null,
        stdout: new Secret(''),
        stderr: 'Your authentication request has been flagged and will require user interaction.\n',
        stopped: undefined,
        durationMs: 1,
      },
    },
  );

test.each([[[]], [['--method', '0']]])('%j: the password was wrong', async (args) => {
  expect((await refused(args)).row.name).toBe('wrong-password');
});

test.each([[['--code', '123456']], [['--code=123456']]])(
  '%j: the password or the code was wrong',
  async (args) => {
    expect((await refused(args)).row).toMatchObject({
      name: 'challenge-failed',
      says: expect.stringContaining('or the code was wrong'),
    });
  },
);
