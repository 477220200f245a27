/**
 * Asks the server by ourselves whether an API key is right, as bw says the same for a wrong client_secret
 * and a wrong password (2023.12.1 and 2025.4.0).
 */
import { readFileSync } from 'node:fs';
import { type Agent, type RequestOptions, request } from 'node:https';
import { rootCertificates } from 'node:tls';
import { failure, toFailure } from '../../shared/errors.ts';
import type { StoredSecret } from '../keychain/port.ts';
import type { ProfileSettings } from '../settings/settings.ts';
import type { Clock } from '../system/clock.ts';

/** Longest time for one request, ms. */
const DEADLINE_MS = 30_000;
/** An answer with tokens and keys has some 5 KiB. */
const ANSWER_BYTES = 256 * 1_024;

export interface ApiKeyQuestion {
  readonly secret: StoredSecret;
  /** The address that gives tokens. */
  readonly identity: string;
  /** bw's own id in this data folder: servers mail a warning about one they do not know. */
  readonly deviceId: string;
}

/**
 * Whether the server takes the key; the token that comes with a yes is dropped. Throws
 * server-unreachable where it does not tell, server-insecure, and too-many-files.
 */
export type CheckApiKey = (question: ApiKeyQuestion) => Promise<'right' | 'wrong'>;

export interface ApiKeyCheckParts {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly settings: () => Pick<ProfileSettings, 'caFile' | 'proxy'>;
  /** Aborted when the daemon leaves, which waits for no server. */
  readonly leaving: () => AbortSignal;
}

export function createApiKeyCheck(parts: ApiKeyCheckParts): CheckApiKey {
  const { clock, platform, settings, leaving } = parts;
  return async ({ secret, identity, deviceId }) => {
    if (!identity.startsWith('https://')) throw failure('server-insecure', { server: identity });
    const { caFile, proxy } = settings();
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'api',
      client_id: secret.clientId,
      client_secret: secret.clientSecret.reveal(),
      ...deviceOf(platform),
      deviceIdentifier: deviceId,
    });
    const { status, body } = await post(clock, `${identity}/connect/token`, form, {
      signal: leaving(),
      ...(caFile && { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] }),
      ...(proxy && { agent: await agentThrough(proxy) }),
    });
    const { access_token: token, error } = fieldsOf(body);
    if (status === 200 && typeof token === 'string') return 'right';
    // The second is what NodeWarden says.
    if (error === 'invalid_client' || error === 'invalid_grant') return 'wrong';
    throw failure('server-unreachable', {
      problem: `it answers with status ${status}, but not as a Bitwarden server does`,
    });
  };
}

// The numbers by which servers know a command line (2023.12.1 to 2026.9.0).
function deviceOf(platform: NodeJS.Platform) {
  const deviceType = { win32: '23', darwin: '24' }[platform as string] ?? '25';
  return { deviceType, deviceName: platform };
}

// Loaded only here: hardly any login comes this far.
async function agentThrough(proxy: string): Promise<Agent> {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy);
}

function post(
  clock: Clock,
  url: string,
  form: URLSearchParams,
  options: RequestOptions,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (problem: string) => reject(failure('server-unreachable', { problem }));
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      accept: 'application/json',
    };
    const asked = request(url, { ...options, method: 'POST', headers }, (answer) => {
      const { statusCode: status = 0 } = answer;
      let body = '';
      answer.setEncoding('utf8').on('data', (more: string) => {
        body += more;
        if (body.length > ANSWER_BYTES) answer.destroy();
      });
      answer.once('end', () => resolve({ status, body }));
    });
    const cancel = clock.after(DEADLINE_MS, () => {
      fail(`no answer within ${DEADLINE_MS / 1_000} s`);
      asked.destroy();
    });
    asked.once('error', (error) => {
      const reason = toFailure(error);
      if (reason.is('too-many-files')) reject(reason);
      else fail(error.message);
    });
    asked.once('close', () => {
      cancel();
      fail('it ended in the middle of its answer');
    });
    asked.end(form.toString());
  });
}

function fieldsOf(body: string): { access_token?: unknown; error?: unknown } {
  try {
    return { ...JSON.parse(body) };
  } catch {
    return {};
  }
}
