import { posix, win32 } from 'node:path';
import { allowed, type Environment } from '../../shared/environment.ts';

/** What decides the environment of one bw. */
export interface BwSurroundings {
  /** The daemon's own environment; only an allow-list of it is handed on. */
  readonly own: Environment;
  readonly platform: NodeJS.Platform;
  /** process.execPath: its folder is in PATH, for a bw that starts `node` by itself. */
  readonly nodePath: string;
  /** bw's data folder, absolute; also for bw's own default, so that no other setting decides it. */
  readonly dataDir: string;
  /** Certificate authority of the profile's server, absolute. */
  readonly caFile?: string | undefined;
  /** The profile's proxy; whatever the daemon's own environment says is not handed on. */
  readonly proxy?: string | undefined;
  /** It runs on a person's terminal and may ask them. */
  readonly interactive?: boolean | undefined;
  /** What this one run needs besides: BW_SESSION, BW_CLIENTID, BW_CLIENTSECRET. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/**
 * The whole environment of one bw, by allow-list. BW_SESSION and BW_CLIENT* are in it only where
 * `extra` says so. BW_NOINTERACTION is set where there is no person, as a prompt would meet the end of
 * stdin and end with exit code 0 and no output (seen with 2026.9.0).
 */
export function bwEnvironment(at: BwSurroundings): Record<string, string> {
  return {
    ...allowed(at.own, at.platform),
    PATH: cleanPath(at),
    BITWARDENCLI_APPDATA_DIR: at.dataDir,
    ...(!at.interactive && { BW_NOINTERACTION: 'true' }),
    ...(at.caFile && { NODE_EXTRA_CA_CERTS: at.caFile }),
    // bw looks at this and at http_proxy, in lower case only, and has no exceptions (2026.9.0).
    ...(at.proxy && { https_proxy: at.proxy }),
    ...at.extra,
  };
}

function cleanPath({ platform, nodePath, own }: BwSurroundings): string {
  if (platform === 'win32') {
    const root = own.SystemRoot ?? own.SYSTEMROOT ?? 'C:\\Windows';
    return [win32.dirname(nodePath), win32.join(root, 'System32'), root].join(';');
  }
  return [...new Set([posix.dirname(nodePath), '/usr/local/bin', '/usr/bin', '/bin'])].join(':');
}
