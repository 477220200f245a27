/**
 * The closed set of failures: each row has a name, an exit code of its own (from which its JSON-RPC
 * code follows), what happened, and what to do next. Thrown by name with data; the whole row travels
 * to the client, so that a client of another version prints an error it does not know.
 */
import { printable } from './text.ts';

interface Row {
  /** Exit code of the client; -32000 minus it is the JSON-RPC error code. */
  readonly exit: number;
  /** One sentence: what happened. `{name}` stands for a piece of data. */
  readonly says: string;
  /** One sentence: what to do. */
  readonly next: string;
}

const row = <const R extends Row>(r: R): R => r;

export const errors = {
  usage: row({
    exit: 2,
    says: '{problem}',
    next: 'See `helper --help`.',
  }),
  'not-logged-in': row({
    exit: 10,
    says: 'bw is not logged in ({dataDir}).',
    next: 'Run `helper login`.',
  }),
  'vault-locked': row({
    exit: 11,
    says: 'The vault is locked and nobody can be asked for the master password here.',
    next: 'Run `helper unlock` in a terminal, pass --password-stdin, or set BW_HELPER_ASKPASS.',
  }),
  'wrong-password': row({
    exit: 12,
    says: 'Wrong master password.',
    next: 'Try again, at a login with an eye on the email address and the server as well; nothing was changed.',
  }),
  'prompt-cancelled': row({
    exit: 13,
    says: 'The prompt was cancelled.',
    next: 'Run the command again when you are ready to answer.',
  }),
  'prompt-timeout': row({
    exit: 14,
    says: 'Nobody answered the prompt.',
    next: 'Run the command again when you are ready to answer.',
  }),
  'no-client-secret': row({
    exit: 15,
    says: 'No client_id and client_secret are stored.',
    next: 'Copy them from the web vault (Settings → Security → Keys → View API key) and run `helper secret set`.',
  }),
  'wrong-client-secret': row({
    exit: 16,
    says: 'The server refused the stored client_id and client_secret: wrong, or rotated since.',
    next: 'Copy the current ones from the web vault (Settings → Security → Keys → View API key) and run `helper secret set`.',
  }),
  'keychain-locked': row({
    exit: 17,
    says: 'The keychain file is locked and nobody can be asked for its passphrase here.',
    next: 'Run the command in a terminal, or set BW_HELPER_ASKPASS.',
  }),
  'wrong-passphrase': row({
    exit: 18,
    says: 'Wrong passphrase for the keychain file.',
    next: 'Try again; where it is lost, delete that file (`helper secret status` names it) and run `helper secret set` for each profile.',
  }),
  'keychain-damaged': row({
    exit: 19,
    says: 'The keychain file {file} cannot be read: {problem}.',
    next: 'Correct that or restore it from a backup; or delete it and run `helper secret set`.',
  }),
  'keychain-unwritable': row({
    exit: 20,
    says: 'The keychain file {file} cannot be written: {problem}.',
    next: 'Free the disk or correct the permissions and try again; what was stored before is untouched.',
  }),
  'bad-secret': row({
    exit: 21,
    says: '{problem}',
    next: 'The web vault shows both values under Settings → Security → Keys → View API key.',
  }),
  'bw-not-found': row({
    exit: 22,
    says: 'The Bitwarden CLI `bw` was not found.',
    next: 'Install it (`npm install -g @bitwarden/cli`), or name it with `bw_path` in the settings. After a change of PATH run `helper daemon restart`.',
  }),
  'bw-refused': row({
    exit: 23,
    says: 'Refusing to run {file}: {problem}.',
    next: 'Correct that, or name another bw with `bw_path` in the settings.',
  }),
  'bw-failed': row({
    exit: 24,
    says: '`bw {command}` failed: {problem}.',
    next: 'Try again; `helper daemon logs` tells when it ran and how it ended.',
  }),
  'bw-timeout': row({
    exit: 25,
    says: '`bw {command}` did not finish within {seconds} s and was stopped.',
    next: 'Try again; if it happens again, run `bw {command}` by hand to see what it waits for.',
  }),
  'server-unreachable': row({
    exit: 26,
    says: 'The server cannot be reached: {problem}.',
    next: 'Check the network and `server` and `ca_file` in the settings, and try again.',
  }),
  'server-insecure': row({
    exit: 27,
    says: 'The server {server} is not HTTPS, and bw refuses that.',
    next: 'Set `server` to an https:// address in the settings.',
  }),
  'data-file-unknown': row({
    exit: 28,
    says: '{file} has a layout that is not known here: {problem}. Nothing was written to it.',
    next: 'Use `bw` itself for this, and look for a newer bw-helper.',
  }),
  'data-file-unreadable': row({
    exit: 29,
    says: '{file} cannot be read: {problem}.',
    next: 'Check the file and its permissions; `bw status` tells what bw makes of it.',
  }),
  'data-file-unwritable': row({
    exit: 30,
    says: '{file} cannot be written: {problem}.',
    next: 'Free the disk or correct the permissions and try again; the old content is untouched.',
  }),
  'data-file-busy': row({
    exit: 31,
    says: 'Another program keeps changing {file}.',
    next: 'Wait until it has finished and try again; the old content is untouched.',
  }),
  'profile-mismatch': row({
    exit: 32,
    says: 'BITWARDENCLI_APPDATA_DIR is {wanted} here, but the profile {profile} has {served}.',
    next: 'Unset it, or {cure}.',
  }),
  'profile-in-use': row({
    exit: 33,
    says: 'Another bw-helper ({owner}) serves {dataDir}.',
    next: 'Let that one go first: {cure}.',
  }),
  'already-logged-in': row({
    exit: 34,
    says: 'bw is already logged in as {account}.',
    next: 'Nothing to do; run `helper logout` first to log in as somebody else.',
  }),
  'settings-invalid': row({
    exit: 35,
    says: '{file}: {problem}',
    next: 'Correct the file; no restart is needed.',
  }),
  'daemon-start-failed': row({
    exit: 36,
    says: 'The daemon did not start: {problem}.',
    next: 'Run `helper daemon run` to see it start in this terminal.',
  }),
  'daemon-not-running': row({
    exit: 37,
    says: 'The daemon is not running.',
    next: 'Any command that needs it starts it; `helper daemon start` does only that.',
  }),
  'daemon-running': row({
    exit: 38,
    says: 'A daemon is already running (pid {pid}).',
    next: 'Use it, or run `helper daemon stop` first.',
  }),
  'daemon-silent': row({
    exit: 39,
    says: 'The daemon has not said a word for {seconds} s.',
    next: 'See whether its process (pid {pid}) is stopped or the machine is overloaded; end it if it never answers again.',
  }),
  'daemon-gone': row({
    exit: 40,
    says: 'The daemon went away before it answered.',
    next: 'Run the command again; `helper daemon logs` tells why it left.',
  }),
  'runtime-folder-unsafe': row({
    exit: 41,
    says: 'The folder {folder} is not safe to use: {problem}.',
    next: 'Correct or remove it, or set XDG_RUNTIME_DIR right where that leads to the wrong place; it must be a folder of yours with mode 0700.',
  }),
  'lock-failed': row({
    exit: 43,
    says: 'The session has ended here, but the vault could not be locked: {problem}.',
    next: 'It is retried by itself, and when a daemon starts again; `bw lock` does it at once.',
  }),
  'askpass-failed': row({
    exit: 44,
    says: 'The askpass program {file} gave no answer: {problem}.',
    next: 'Check BW_HELPER_ASKPASS (or SSH_ASKPASS) by running it in a terminal.',
  }),
  'bad-request': row({
    exit: 45,
    says: 'The other side does not understand this request: {problem}.',
    next: 'Client and daemon may differ in version: run `helper daemon restart`.',
  }),
  'node-too-old': row({
    exit: 46,
    says: 'bw-helper needs Node.js 22.15 or newer; this is {version}.',
    next: 'Install a newer Node.js and run the command again.',
  }),
  'keychain-no-library': row({
    exit: 50,
    says: 'The system keychain needs the library libsecret: {problem}.',
    next: 'Install it (`apt install libsecret-1-0`, elsewhere `libsecret`), or run `helper config set keychain file`.',
  }),
  'keychain-no-bus': row({
    exit: 51,
    says: 'The system keychain cannot be reached without a D-Bus session: {problem}.',
    next: 'On a desktop run `helper daemon restart` there; on a machine without one run `helper config set keychain file`.',
  }),
  'keychain-no-service': row({
    exit: 52,
    says: 'No program offers a system keychain on this D-Bus session.',
    next: 'Start one (GNOME Keyring, KWallet, or KeePassXC with Secret Service on), or run `helper config set keychain file`.',
  }),
  'keychain-no-collection': row({
    exit: 53,
    says: 'The system keychain has no login collection yet, or none is open.',
    next: 'Log in to the desktop again, or open or make one in its keychain program; or run `helper config set keychain file`.',
  }),
  'system-keychain-locked': row({
    exit: 54,
    says: 'The system keychain is locked, and it cannot ask you to unlock it here.',
    next: 'Unlock it on the desktop, or run the command in a terminal there.',
  }),
  'keychain-dismissed': row({
    exit: 55,
    says: 'The system keychain asked for permission and got none.',
    next: 'Run the command again when you are ready to answer its window.',
  }),
  'keychain-item-gone': row({
    exit: 56,
    says: 'The system keychain does not hold any more what was stored in it at {when}.',
    next: 'Run `helper secret set` to store it again; `helper secret delete` forgets that it was there.',
  }),
  'keychain-timeout': row({
    exit: 57,
    says: 'The system keychain gave no answer within {seconds} s.',
    next: 'See whether its program hangs or a window of it waits for you, and run the command again.',
  }),
  'keychain-too-large': row({
    exit: 58,
    says: 'The system keychain holds {limit} bytes, and client_id and client_secret take {size}.',
    next: 'Look whether the right values were pasted; `keychain = "file"` in the settings has no such limit.',
  }),
  'keychain-failed': row({
    exit: 59,
    says: 'The keychain failed: {problem}.',
    next: 'Look at it with its own program, and run the command again.',
  }),
  'keychain-holds-another': row({
    exit: 60,
    says: 'Another API key is stored in {where} already.',
    next: 'Set `keychain` in the settings to the one that is wrong, run `helper secret delete`, and try again.',
  }),
  'challenge-failed': row({
    exit: 63,
    says: 'The server wanted the client_secret as a proof and then refused the login: {problem}.',
    next: 'Run `helper secret set` with the current one (web vault, Settings → Security → Keys → View API key), then try again.',
  }),
  'challenge-unsupported': row({
    exit: 64,
    says: 'The server wants the client_secret as a proof, which this version of bw cannot give.',
    next: 'Log in by API key with `helper login`, or name bw 2025.4.0 or older with `bw_path` in the settings.',
  }),
  'login-needs-person': row({
    exit: 65,
    says: 'bw needs {what} for this login, and nobody can be asked here.',
    next: 'Run it in a terminal; a script can use --password-stdin with --method and --code, or the API key (`helper login`).',
  }),
  'login-failed': row({
    exit: 66,
    says: 'bw did not log in; its own words stand above.',
    next: 'Correct what they name and try again; nothing was changed.',
  }),
  'no-master-password': row({
    exit: 67,
    says: '{account} has no master password that could unlock the vault: an organization or another device keeps its key.',
    next: 'Run `helper logout` and `helper login --sso`, which unlocks where bw can; it is the same where a master password was set since the last login.',
  }),
  'profile-unknown': row({
    exit: 68,
    says: 'There is no profile {profile}; there are: {known}.',
    next: 'Choose one of these, or make it with `helper profile add`.',
  }),
  'profile-folder-shared': row({
    exit: 69,
    says: 'The profiles {profile} and {other} have the same data folder, {dataDir}.',
    next: 'Give each a `data_dir` of its own in the settings: bw knows one account a folder.',
  }),
  internal: row({
    exit: 70,
    says: 'Something went wrong inside bw-helper ({problem}).',
    next: 'Please report it; `helper daemon logs` holds more.',
  }),
  'profile-exists': row({
    exit: 71,
    says: 'There is a profile {profile} already.',
    next: 'Change it in the settings, or run `helper profile remove {profile}` first.',
  }),
  'settings-not-editable': row({
    exit: 72,
    says: 'The settings file cannot be changed by a command: {problem}.',
    next: 'Change it in an editor; `helper config check` tells whether it is right then.',
  }),
  'settings-unwritable': row({
    exit: 73,
    says: '{file} cannot be written: {problem}.',
    next: 'Free some space or correct its permissions, and try again; it is as it was.',
  }),
  'passphrase-file': row({
    exit: 74,
    says: 'The passphrase file {file} cannot be used: {problem}.',
    next: 'Correct that, or take `passphrase_file` out of the settings and type the passphrase.',
  }),
  'answer-off': row({
    exit: 75,
    says: 'The settings do not let {what} be printed.',
    next: 'Set `answer = true` under [profiles.{profile}] in {file} if a script must have it.',
  }),
  'another-client-secret': row({
    exit: 76,
    says: 'In {file} stands another API key than in {where}; neither was touched.',
    next: 'Run `helper secret scrub --force` to drop the one in data.json, or `helper secret delete` first to keep that one instead.',
  }),
  'audit-unreadable': row({
    exit: 77,
    says: 'The audit {file} cannot be read: {problem}.',
    next: 'Correct its permissions, or move it away: the daemon begins a new one.',
  }),
  'daemon-outdated': row({
    exit: 78,
    says: 'The daemon that runs is older than this `helper`, and does not understand this.',
    next: 'Run `helper daemon restart`; a session that is open ends with it.',
  }),
  'helper-outdated': row({
    exit: 79,
    says: 'This `helper` is older than the daemon that runs, and cannot use it any more.',
    next: 'Run the newer one (`type -a helper` shows which there are), or end that daemon with `helper daemon stop`.',
  }),
  'pipe-not-ours': row({
    exit: 80,
    says: 'What answers on {pipe} cannot prove that it is your daemon, and it was told nothing.',
    next: 'Run `helper daemon restart`; if it stays, find out which program has that pipe open.',
  }),
  'output-failed': row({
    exit: 81,
    says: 'The answer could not be written to stdout: {problem}.',
    next: 'See to where it goes (a full disk?), and try again.',
  }),
  'too-many-files': row({
    exit: 82,
    says: 'Too many files are open: {problem}.',
    next: 'Nothing was lost: try again in a moment, and if it stays, raise `ulimit -n` where the daemon is started and run `helper daemon restart`.',
  }),
  'daemon-full': row({
    exit: 83,
    says: 'The daemon takes no more connections now.',
    next: 'Run the command again in a moment; if it stays, end what keeps so many connections to it open.',
  }),
  // The next free one is 84.
  // These two are of the client alone, with the exit codes that shells give.
  'command-not-runnable': row({
    exit: 126,
    says: '{file} cannot be run: {problem}.',
    next: 'Correct that, or name another program.',
  }),
  'command-not-found': row({
    exit: 127,
    says: 'The command {command} was not found.',
    next: 'Look at its spelling and at PATH.',
  }),
};

export type ErrorName = keyof typeof errors;

type Slots<S extends string> = S extends `${string}{${infer K}}${infer Rest}`
  ? K | Slots<Rest>
  : never;
type DataOf<N extends ErrorName> = Slots<(typeof errors)[N]['says'] | (typeof errors)[N]['next']>;
/** What must be given to fill the sentences of an error; no argument where there is nothing to fill. */
export type ErrorData<N extends ErrorName> = [DataOf<N>] extends [never]
  ? []
  : [Record<DataOf<N>, string | number>];

/** One failure, ready to travel or to print. `message` is its sentence; never a secret. */
export class Failure extends Error {
  readonly row: { name: string; exit: number; says: string; next: string };

  constructor(row: Failure['row']) {
    super(row.says);
    this.name = row.name;
    this.row = row;
  }

  is(name: ErrorName): boolean {
    return this.row.name === name;
  }
}

/** Makes the failure `name`; every piece of data is made printable first. */
export function failure<N extends ErrorName>(name: N, ...[data]: ErrorData<N>): Failure {
  const { exit, says, next } = errors[name];
  const values: Record<string, string | number> = data ?? {};
  const fill = (template: string) =>
    template.replace(/\{(\w+)\}(\.?)/g, (_, key: string, stop: string) => {
      const value = printable(String(values[key]));
      // A sentence of another failure brings its own.
      return value.endsWith('.') ? value : `${value}${stop}`;
    });
  return new Failure({ name, exit, says: fill(says), next: fill(next) });
}

/** A lack of descriptors says nothing about the file that was to be opened with one. */
const noDescriptor = new Map([
  ['EMFILE', 'the process has reached its limit'],
  ['ENFILE', 'the whole system has reached its limit'],
]);

/** Whatever was thrown, as a failure: a stack never reaches a person. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  // Only the kind travels: a message made elsewhere may quote a value.
  const kind = (thrown as NodeJS.ErrnoException)?.code ?? (thrown as Error)?.name ?? typeof thrown;
  const problem = noDescriptor.get(String(kind));
  if (problem) return failure('too-many-files', { problem });
  return failure('internal', { problem: String(kind) });
}
