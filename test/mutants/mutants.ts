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
  },
  {
    breaks: 'the client speaks to a folder of another user',
    file: 'shared/boundary.ts',
    from: '  if (stat.uid !== uid)\n    return `it belongs',
    to: '  if (stat.uid === -1)\n    return `it belongs',
    caughtBy: 'test/security/other-user.test.ts',
  },
  {
    breaks: 'the client speaks to a folder that others may swap',
    file: 'shared/boundary.ts',
    from: 'stat.mode & 0o002 && !(stat.mode & 0o1000)',
    to: 'stat.mode & 0o002 && stat.uid === -1',
    caughtBy: 'test/security/other-user.test.ts',
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
    breaks: 'a key that another program has ended is handed out all the same',
    file: 'daemon/sessions.ts',
    from: 'if (now !== undefined && now === session.seen) return session;',
    to: 'return session;',
    caughtBy: 'test/reliability/soak.test.ts',
  },
  {
    breaks: 'each unlock leaves a descriptor open',
    file: 'daemon/bw/run.ts',
    from: '    if (pipe) closeSync(pipe.read);',
    to: '',
    caughtBy: 'test/reliability/soak.test.ts',
  },
];
