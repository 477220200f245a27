/** Breaks of the code, one at a time, and the test that must see each. Applied by run.ts. */

export interface Mutant {
  /** What a person would lose. */
  readonly breaks: string;
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** Part of the path of the test file that must turn red. */
  readonly caughtBy: string;
  /** Only root can play the test that sees it. */
  readonly needsRoot?: boolean;
}

export const mutants: readonly Mutant[] = [
  {
    breaks: 'a person who waits makes place for a newcomer',
    file: 'daemon/server.ts',
    from: '!socket.destroyed && !busy()',
    to: '!socket.destroyed',
    caughtBy: 'test/security/crowd.test.ts',
  },
  {
    breaks: 'who does not read is read from',
    file: 'daemon/server.ts',
    from: 'if (!socket.write(frame)) socket.pause();',
    to: 'socket.write(frame);',
    caughtBy: 'test/unit/daemon/server.test.ts',
  },
  {
    breaks: 'another user is served',
    file: 'daemon/server.ts',
    from: "if (!door && peer?.uid !== uid) return refuse('another user');",
    to: '',
    caughtBy: 'test/unit/daemon/server.test.ts',
  },
  {
    breaks: 'a link in the place of the lock has its target emptied',
    file: 'daemon/instance.ts',
    from: ' | (constants.O_NOFOLLOW ?? 0)',
    to: '',
    caughtBy: 'test/security/other-user.test.ts',
    needsRoot: true,
  },
  {
    breaks: 'the client speaks to a folder of another user',
    file: 'shared/boundary.ts',
    from: '  if (stat.uid !== uid)\n    return `it belongs',
    to: '  if (stat.uid === -1)\n    return `it belongs',
    caughtBy: 'test/security/other-user.test.ts',
    needsRoot: true,
  },
  {
    breaks: 'the client speaks to a folder that others may swap',
    file: 'shared/boundary.ts',
    from: 'stat.mode & 0o022 && !(stat.mode & 0o1000)',
    to: 'stat.mode & 0o022 && stat.uid === -1',
    caughtBy: 'test/security/other-user.test.ts',
    needsRoot: true,
  },
  {
    breaks: 'JSON-RPC of any version is taken',
    file: 'shared/framing.ts',
    from: "!isPlainObject(value) || value.jsonrpc !== '2.0'",
    to: '!isPlainObject(value)',
    caughtBy: 'test/security/frames.test.ts',
  },
  {
    breaks: '__proto__ is taken',
    file: 'shared/framing.ts',
    from: "levels === 0 || Object.hasOwn(value, '__proto__')",
    to: 'levels === 0',
    caughtBy: 'test/security/frames.test.ts',
  },
  {
    breaks: 'a frame has no bound',
    file: 'shared/framing.ts',
    from: "    if (bytes > FRAME_BYTES) throw new BadFrame('frame too large');\n    if (bytes > this.#held.length) {",
    to: '    if (bytes > this.#held.length) {',
    caughtBy: 'test/security/frames.test.ts',
  },
  {
    breaks: 'a handler is reached by parameters that nobody declared',
    file: 'shared/channel.ts',
    from: "const checked = await options.check(method, 'params', params ?? {});",
    to: 'const checked = { ok: params ?? {} };',
    caughtBy: 'test/security/frames.test.ts',
  },
  {
    breaks: "the master password goes to another program by the name of bw's link",
    file: 'daemon/bw/locate.ts',
    from: 'options.nodePath : named',
    to: 'options.nodePath : file',
    caughtBy: 'test/unit/daemon/bw/locate.test.ts',
  },
  {
    breaks: 'a lock leaves open what an unlock under way opens after it',
    file: 'daemon/attempt.ts',
    from: 'if (!cut) return',
    to: 'if (!dropped) return',
    caughtBy: 'test/unit/daemon/sessions.test.ts',
  },
  {
    breaks: 'a login that was under way at a lock leaves the vault open',
    file: 'daemon/sessions.ts',
    from: 'key && this.#locks === locks',
    to: 'key',
    caughtBy: 'test/unit/daemon/sessions.test.ts',
  },
  {
    breaks: 'a vault in an unknown layout that a killed daemon left open stays open',
    file: 'daemon/open-marks.ts',
    from: 'if (known) return locked;',
    to: 'return locked;',
    caughtBy: 'test/reliability/killed-daemon.test.ts',
  },
  {
    breaks: 'a data folder is served by two after its lock file was removed',
    file: 'daemon/vault/claim.ts',
    from: 'before && before.mark === markAt(file)',
    to: 'before',
    caughtBy: 'test/unit/daemon/vault/claim.test.ts',
  },
  {
    breaks: 'a server that gives no newer token is asked each second',
    file: 'daemon/renewal.ts',
    from: 'usable && next !== expiresAtMs ? 0 : AGAIN_MS',
    to: '0',
    caughtBy: 'test/unit/daemon/renewal.test.ts',
  },
  {
    breaks: 'a client becomes another one under its open request',
    file: 'daemon/methods.ts',
    from: 'if (connection.greeted) throw',
    to: 'if (connection.version < 0) throw',
    caughtBy: 'test/unit/daemon/methods.test.ts',
  },
  {
    breaks: 'two daemons serve at once',
    file: 'daemon/instance.ts',
    from: 'if (!lockFile(fd)) {',
    to: 'if (fd === -1) {',
    caughtBy: 'test/e2e/herd.test.ts',
  },
  {
    breaks: 'a busy daemon is taken for a dead one',
    file: 'client/reach.ts',
    from: "resolve('busy')",
    to: "resolve('absent')",
    caughtBy: 'test/reliability/stopped-daemon.test.ts',
  },
  {
    breaks: 'a socket of a killed daemon stops the next start',
    file: 'daemon/instance.ts',
    from: '      // Nobody else can be bound here: we hold the lock.\n      rmSync(paths.socket, { force: true });\n',
    to: '',
    caughtBy: 'test/reliability/killed-starting.test.ts',
  },
  {
    breaks: 'the staged copy of a killed daemon stays, with the secret in it',
    file: 'daemon/vault/staged.ts',
    from: 'if (!entry.name.startsWith(PREFIX)) continue;',
    to: 'if (entry) continue;',
    caughtBy: 'test/reliability/killed-starting.test.ts',
  },
  {
    breaks: 'the mark of an open vault goes before it is locked',
    file: 'daemon/open-marks.ts',
    from: '      claims.claim(profile, dataDir);\n',
    to: '      claims.claim(profile, dataDir);\n      marks.clear(profile);\n',
    caughtBy: 'test/reliability/killed-starting.test.ts',
  },
  {
    breaks: 'the mark of an open vault is written in place',
    file: 'daemon/open-marks.ts',
    from: 'const aside = ',
    to: 'const aside = fileOf(profile) ?? ',
    caughtBy: 'test/reliability/killed-state.test.ts',
  },
  {
    breaks: 'settings and data.json are written in place',
    file: 'daemon/vault/replace.ts',
    from: 'const aside = ',
    to: 'const aside = target ?? ',
    caughtBy: 'test/reliability/killed-state.test.ts',
  },
  {
    breaks: 'an answer leaves before its line of the audit is written',
    file: 'daemon/audited.ts',
    from: "        end({ outcome: 'granted' });\n",
    to: "        setTimeout(() => end({ outcome: 'granted' }), 200);\n",
    caughtBy: 'test/reliability/killed-state.test.ts',
  },
  {
    breaks: 'a folder above that one’s group may rename in is taken for safe',
    file: 'shared/boundary.ts',
    from: 'stat.mode & 0o022',
    to: 'stat.mode & 0o002',
    caughtBy: 'test/security/other-user.test.ts',
    needsRoot: true,
  },
  {
    breaks: 'with umask 000 others can read what the daemon writes',
    file: 'daemon/main.ts',
    from: 'process.umask(0o077);',
    to: '',
    caughtBy: 'test/security/other-user.test.ts',
  },
  {
    breaks: 'bw reads the stdin of a script as the master password',
    file: 'client/bw-on-terminal.ts',
    from: "stdio: [stdin ?? 'ignore', ",
    to: "stdio: ['inherit', ",
    caughtBy: 'test/reliability/login-cut-short.test.ts',
  },
  {
    breaks: 'Ctrl-D at a prompt of bw ends the whole script',
    file: 'client/answering.ts',
    from: "ran.stdout === '\\n'",
    to: "ran.stdout.trim() === ''",
    caughtBy: 'test/reliability/login-cut-short.test.ts',
  },
  {
    breaks: 'a wait for the password on stdin outlives the daemon',
    file: 'client/prompt/stdin.ts',
    from: 'await Promise.race([readSecretLine(stream), cut.promise])',
    to: 'await readSecretLine(stream)',
    caughtBy: 'test/unit/client/prompt/stdin.test.ts',
  },
];
