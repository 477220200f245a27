/**
 * What helps beyond the two sentences of an error, where there is more to say: printed by `helper help
 * NAME` and written into docs/errors.md. Kept beside the table, so that a failure at work loads none of it.
 */
import type { ErrorName } from './errors.ts';

export const troubleshooting: Partial<Record<ErrorName, string>> = {
  'not-logged-in':
    'Either nobody ever logged in there, or bw logged out by itself: it does so where the server refuses its token, for instance after the master password was changed. Where plain `bw status` says something else, that bw uses another folder: compare BITWARDENCLI_APPDATA_DIR and `data_dir` in the settings. `helper login` needs an API key, which `helper secret set` stores.',
  'vault-locked':
    'A session ends at its idle or its absolute limit, with `helper lock`, and when anybody runs `bw lock`, `bw logout` or a `bw unlock` of their own. Nobody can be asked where there is no terminal, in a background job, and with --no-input. A script has four ways: a person runs `helper unlock` before it; `--wait 30s` waits for that; `--password-stdin` takes the password from a pipe; BW_HELPER_ASKPASS names a program that prints it.',
  'wrong-password':
    'Three wrong ones at a prompt, or one from stdin, end the attempt. Where you are sure of it: `helper status` tells which account of which server it is for. From stdin it is the first line, blanks included.',
  'no-client-secret':
    'bw needs the API key to log in and, after such a login, to fetch news. Where you stored one before: `helper secret status` tells which keychain is looked into; `keychain` in the settings chooses it, and `helper secret move` takes the key from one to the other.',
  'wrong-client-secret':
    'Rotating the API key in the web vault ends the old client_secret at once. The server does not say which of the two values is wrong. It may also be another server than the one that issued them: see `server` in the settings.',
  'keychain-locked':
    'The passphrase of the encrypted file is asked once in the life of a daemon. After a restart of it or of the machine the first command that needs the API key asks again: run that one (`helper unlock`, for instance) in a terminal, and scripts work from then on.',
  'wrong-passphrase':
    'It is the one that was chosen at the first `helper secret set`, and not the master password. Nothing can recover it; what the file holds can be had again from the web vault.',
  'keychain-damaged':
    'The file is refused where others can write to it or it is not yours, and where as much as one byte of it was changed. With the API key at hand the quickest way is to delete the file and to run `helper secret set`.',
  'bw-not-found':
    'The daemon looks at `bw_path` in the settings and at nothing else where that is set; without it into the folders of PATH as it was when the daemon started, then beside Node and into /usr/local/bin, /opt/homebrew/bin and /snap/bin. Relative entries of PATH are passed over. An alias or a function of your shell is no program.',
  'bw-refused':
    'Whoever can change that program can read your vault. So the program and its folder must belong to you or to root, and others must not be able to write there. One version, 2026.4.0, is never run, as an attacker published it.',
  'bw-failed':
    "These are bw's own last words, without anything secret. Run the same command of bw by hand to see all of them. Nothing is lost: what runs with the API key runs on a copy, which takes the place of data.json only after it went well.",
  'bw-timeout':
    'bw may take 120 s where it needs the network, and 60 s where not. As a rule a server accepts the connection and then says nothing, or data.json lies on a disk that hangs. Nothing is lost: data.json is as it was.',
  'server-unreachable':
    'ECONNREFUSED, ENOTFOUND and ETIMEDOUT: nobody listens there, there is no such name, or no network. "self-signed certificate" and "unable to verify": name the certificate authority with `ca_file` in the settings; NODE_EXTRA_CA_CERTS of your shell does not reach the daemon. "certificate has expired": the server has to renew it, or the clock of this machine is wrong. An answer that is not that of a Bitwarden server comes from a proxy, from the sign-in page of a network, or from a wrong address.',
  'server-insecure':
    'Where the settings name no server, bw goes to the one that `bw config server` was last given. Log out first where bw is still logged in there.',
  'data-file-unknown':
    'data.json is written only in the layouts that are known. An open session and its end go on, by bw itself. As a rule bw was updated since: `bw --version` tells.',
  'data-file-unreadable':
    'A file that is empty or broken for a moment is normal, as bw writes it in place: it is read again for half a second before this is said. Where it stays broken, move it aside and run `helper login`; the vault itself is on the server.',
  'data-file-unwritable':
    'bw-helper writes a new file beside data.json and then puts it in its place, so the folder has to be writable too.',
  'data-file-busy':
    'bw holds a lock beside the file, the folder `data.json.lock`, while it writes. bw-helper waits some 12 s for it, and merges what others changed; where the same thing keeps changing, or the lock does not end, it gives up.',
  'profile-mismatch':
    "A key of one data folder opens nothing in another. So where this terminal's bw would use another folder than bw-helper does, it gets no key at all.",
  'profile-in-use':
    "It names the process and its runtime folder. As a rule it is in a container or in another kind of login, with another XDG_RUNTIME_DIR: give both the same one, and they share one daemon and its session. Where it names your own runtime folder, that was removed or replaced under the older daemon, which locks and leaves by itself within 30 s. Two daemons on one folder would end each other's sessions.",
  'profile-unknown':
    'The profiles are the tables [profiles.NAME] of the settings file; `default` is always there. The name comes from --profile, or else from BW_HELPER_PROFILE.',
  'profile-folder-shared':
    "Two sessions in one folder would end each other, as bw keeps one account and one session there. The profile that stands first in the file goes on working. A symbolic link to the other's folder counts as that folder.",
  'settings-invalid':
    'The settings are read at each use, so that a correction counts from the next command on. `helper config check` tells whether it is right, and `helper config set` and `unset` can put it right. The file must be yours, and nobody else may be able to write to it or to its folder. `helper lock` and `helper daemon stop` work all the same.',
  'settings-not-editable':
    'A value in an inline table, `profiles = { default = { … } }`, can be changed where it stands, but nothing can be added or taken out. The file was not touched.',
  'settings-unwritable':
    'A new file is written beside the old one and then takes its place, so the folder must be writable, too. Where the file is a link, that is the folder of the real one; a dotfile manager that keeps it read-only is the one to change it.',
  'passphrase-file':
    'It is `passphrase_file` of the settings, or else `bw-helper-passphrase` in CREDENTIALS_DIRECTORY as it was when the daemon started. Its first line is the passphrase, without the line end. Where there is one, nobody is asked. `helper secret status` tells whether it can be used.',
  'daemon-start-failed':
    'As a rule its log or its runtime folder cannot be written. Everything that it needs for its start is beside its program: a broken installation shows here as well.',
  'daemon-silent':
    'A daemon that lives says something every 4 s, however long it waits for a person or for bw. So its process is stopped (SIGSTOP, a debugger, a suspended container) or gets no processor time. What was asked of it may still be carried out when it goes on, although nobody waits for the answer any more. Ended with SIGKILL it cannot lock: `helper lock` does that afterwards.',
  'daemon-gone':
    'It was stopped (`helper daemon stop`, a signal, the end of the desktop session) or crashed while it worked for you. The next command starts another one, which asks for the password anew.',
  'daemon-full':
    'The daemon lives, and hangs up on whoever comes: it has 800 connections, or as many as its limit of open files allows (`ulimit -n` where it was started), and all of them wait for an answer. `helper` has tried for some seconds. Sessions stay open, and nothing was begun for this command.',
  'too-many-files':
    'As a rule the daemon was started with a small `ulimit -n`; its connections leave it enough to work with, where that is 64 or more. Where it is the limit of the whole system, other programs have to close something. The daemon goes on with its sessions, and is right again as soon as there is room.',
  'runtime-folder-unsafe':
    'The daemon listens in that folder, and whoever can enter it could take its place. It must be a real folder, yours, with mode 0700. It lies in XDG_RUNTIME_DIR, or without that in /run/user or /tmp; on macOS in ~/Library/Application Support.',
  'lock-failed':
    'The key is not handed out any more, but who has it already can still use it until the vault is locked. `helper status` tells as long as that is so.',
  'askpass-failed':
    'The program gets the question as its only argument and prints the answer and a line feed. Exit code 1 with nothing printed means that the person said no; everything else but 0 is a failure. A graphical one needs DISPLAY or WAYLAND_DISPLAY.',
  'bad-request':
    'The other side may also be something else than bw-helper that listens on its socket.',
  'keychain-no-bus':
    "The daemon keeps the D-Bus address of the command that started it. Where that was an SSH login or cron, the desktop's keychain is out of its reach until `helper daemon restart` is run on the desktop.",
  'keychain-no-service':
    'A session without a desktop has none, as a rule. On a desktop it starts by itself where it is installed; KeePassXC offers it with Secret Service integration switched on and a database open.',
  'keychain-no-collection':
    'GNOME Keyring makes its login collection at the first login with a password, not with automatic login or a fingerprint. Its program (Passwords and Keys) can make one named "Login".',
  'system-keychain-locked':
    'Its window opens only for a command that is typed on that desktop: not over SSH, not with --no-input, not from cron, not for work in the background. One unlock on the desktop is enough for all of those.',
  'keychain-item-gone':
    'bw-helper notes when it stores something. Somebody deleted the item since, or another keychain has taken the place of the one that held it; in that case it is there again when that one is back.',
  'keychain-timeout':
    'It has 5 s, or 60 s where its window may wait for you; before that its process has 15 s to start, on a machine that is busy. The window may be on another screen or behind others.',
  'keychain-failed':
    'These are its own words where it had any. Everything that needs no API key works on, and open sessions stay.',
  'daemon-outdated':
    'After an update the old daemon makes room by itself as soon as no session is open in it and nobody waits for it. Until then the new `helper` uses it and says so; only what the old daemon has never heard of fails.',
  'helper-outdated':
    'There are two installations, and the newer one has started the daemon. An older `helper` never ends a newer daemon by itself, as the two would go on replacing each other; `helper lock` and `helper daemon stop` work across all versions.',
  internal:
    'Only the kind of the mistake is told, as its text might quote a value. A report with the last lines of `helper daemon logs` helps; the log holds no secrets.',
};
