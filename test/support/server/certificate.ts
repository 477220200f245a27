import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Certificate {
  /** PEM; stays in memory, nothing but the server needs it. */
  readonly key: string;
  readonly cert: string;
  /** The certificate as a file, for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
}

/** A certificate for loopback that is its own authority, written to `folder` as ca.pem. */
export async function makeCertificate(folder: string, hoursLeft = 30 * 24): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: 'bw-helper test server' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // A test that steps a clock back must not run into "not yet valid".
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + hoursLeft * HOUR_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, made.cert);
  return { key: made.private, cert: made.cert, caFile };
}
