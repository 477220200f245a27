/** The passphrase of the keychain file from another file, for machines where nobody is there to ask. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ofAnother } from '../../shared/boundary.ts';
import { Failure, failure } from '../../shared/errors.ts';
import { SECRET_BYTES } from '../../shared/limits.ts';
import { Secret } from '../../shared/secret.ts';
import { codeOf, inWords } from '../system/file-calls.ts';

/** As in `LoadCredential=bw-helper-passphrase:…` of a systemd unit. */
const CREDENTIAL = 'bw-helper-passphrase';
const CARRIAGE_RETURN = 0x0d;

export interface PassphraseFile {
  /** For messages. */
  readonly file: string;
  /** The caller wipes it. */
  readonly passphrase: Secret;
}

export interface PassphraseFileOptions {
  /** `passphrase_file` of the settings. */
  readonly named: () => string | undefined;
  /** CREDENTIALS_DIRECTORY as the daemon was started with it. */
  readonly credentials: string | undefined;
  /** Negative on Windows, where files have no owner to compare. */
  readonly uid: number;
}

/** Reads it anew at each use; undefined where there is none. Throws passphrase-file. */
export type ReadPassphraseFile = () => PassphraseFile | undefined;

/** The file that the settings name, or else the credential, if there is one. */
export function openPassphraseFile(options: PassphraseFileOptions): ReadPassphraseFile {
  const { named, credentials, uid } = options;
  return () => {
    const file = named();
    const found = file === undefined ? undefined : readFile(file, uid);
    if (file !== undefined && !found) throw unfit(file, 'there is no such file');
    if (file !== undefined || !credentials?.startsWith('/')) return found;
    return readFile(join(credentials, CREDENTIAL), uid);
  };
}

function readFile(file: string, uid: number): PassphraseFile | undefined {
  // Room for the end of its line, and for one more to see that there is more.
  const bytes = Buffer.alloc(SECRET_BYTES + 3);
  try {
    // A pipe in its place must not hold up the daemon.
    const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const problem = statProblem(fstatSync(fd), uid);
      if (problem) throw unfit(file, problem);
      return { file, passphrase: firstLine(bytes.subarray(0, readSync(fd, bytes)), file) };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const code = codeOf(thrown);
    if (code === 'ENOENT') return undefined;
    throw unfit(file, inWords(code));
  } finally {
    bytes.fill(0);
  }
}

function statProblem(found: Stats, uid: number): string | undefined {
  if (!found.isFile()) return 'it is not a file';
  if (uid < 0) return undefined;
  if (found.uid !== uid && found.uid !== 0) return ofAnother(found.uid, uid);
  // systemd gives a service its credential by an access list, whose mask shows as the group's bits on a
  // file of root's with mode 0400 (read in its source: exec-credential.c, write_credential).
  const shared = found.uid === 0 && found.gid === 0 ? 0o037 : 0o077;
  if (!(found.mode & shared)) return undefined;
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  return `its mode is 0${mode}, so others can read or write it; \`chmod 0600\` ends that`;
}

/** Without its end, as an editor or `echo` adds one. */
function firstLine(bytes: Buffer, file: string): Secret {
  const end = bytes.indexOf('\n');
  const line = bytes.subarray(0, end < 0 ? bytes.length : end);
  const length = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  if (length === 0) throw unfit(file, 'its first line is empty');
  if (length > SECRET_BYTES)
    throw unfit(file, `its first line is longer than ${SECRET_BYTES} bytes`);
  return new Secret(Buffer.from(line.subarray(0, length)));
}

function unfit(file: string, problem: string): Failure {
  return failure('passphrase-file', { file, problem });
}
