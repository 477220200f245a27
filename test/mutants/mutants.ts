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
    from: "if (platform !== 'win32' && peer?.uid !== uid) return refuse('another user');",
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
    breaks: 'a descriptor of whoever started the daemon stays open in it',
    file: 'daemon/main.ts',
    from: "if (process.platform === 'linux') closeInherited();",
    to: '',
    caughtBy: 'test/security/hardening.test.ts',
  },
  {
    breaks: 'what is told of the hardening is what was wanted',
    file: 'daemon/hardening.ts',
    from: 'notDumpable: prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) === 0',
    to: 'notDumpable: prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) < 2',
    caughtBy: 'test/unit/daemon/hardening.test.ts',
  },
  {
    breaks: 'a client that asks for a password leaves a core file',
    file: 'client/memory.ts',
    from: 'setrlimit(RLIMIT_CORE, [0n, before[1]]);',
    to: '',
    caughtBy: 'test/security/client-memory.test.ts',
  },
  {
    breaks: 'other programs read the memory of a client that asks for a password',
    file: 'client/memory.ts',
    from: '      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);',
    to: '      prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);',
    caughtBy: 'test/security/client-memory.test.ts',
  },
  {
    breaks: 'the command of exec keeps the limit of the client',
    file: 'client/exec/become.ts',
    from: '  memory.asBefore();\n',
    to: '',
    caughtBy: 'test/security/client-memory.test.ts',
  },
  {
    breaks: 'what the loader is told reaches daemon and bw',
    file: 'shared/environment.ts',
    from: '|TZ|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS)$/;',
    to: '|TZ|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS|LD_[A-Z_]+)$/;',
    caughtBy: 'test/security/environment.test.ts',
  },
  {
    breaks: 'the bw that the client runs gets all that the client has',
    file: 'client/bw-on-terminal.ts',
    from: 'env: { ...given,',
    to: 'env: { ...env, ...given,',
    caughtBy: 'test/security/environment.test.ts',
  },
  {
    breaks: 'a bw is found where the client happens to stand',
    file: 'shared/environment.ts',
    from: "path.split(':').filter((entry) => entry.startsWith('/'))",
    to: "path.split(':')",
    caughtBy: 'test/security/environment.test.ts',
  },
  {
    breaks: 'a killed daemon leaves a core',
    file: 'daemon/main.ts',
    from: '  native.harden();\n',
    to: '',
    caughtBy: 'test/security/canary.test.ts',
  },
  {
    breaks: 'the copy with client_secret in it lies in the home',
    file: 'daemon/main.ts',
    from: 'const scratch = paths.runtime;',
    to: 'const scratch = home;',
    caughtBy: 'test/security/canary.test.ts',
  },
  {
    breaks: 'client_secret is in the audit',
    file: 'shared/protocol.ts',
    from: 'v.object({ where: v.string() }),\n    { audited: [] },',
    to: "v.object({ where: v.string() }),\n    { audited: ['clientSecret'] },",
    caughtBy: 'test/security/canary.test.ts',
  },
  {
    breaks: 'a vault is open while a machine that slept past the limit answers',
    file: 'daemon/methods.ts',
    from: 'await Promise.all(profiles.served.map(({ sessions }) => sessions.expire()));',
    to: '',
    caughtBy: 'test/reliability/clock.test.ts',
  },
  {
    breaks: 'time that the machine slept counts only on the wall clock',
    file: 'daemon/clock.ts',
    from: 'bootMs: () => uptime() * 1_000,',
    to: 'bootMs: () => performance.now(),',
    caughtBy: 'test/reliability/clock.test.ts',
  },
  {
    breaks: 'a small step of the clock locks',
    file: 'daemon/expiry.ts',
    from: 'const STEP_BACK_MS = 60_000;',
    to: 'const STEP_BACK_MS = 4_000;',
    caughtBy: 'test/reliability/clock.test.ts',
  },
  {
    breaks: 'a clock that was set back gives a session more time',
    file: 'daemon/expiry.ts',
    from: "if (steppedBack(start, now)) return 'clock';",
    to: '',
    caughtBy: 'test/reliability/clock.test.ts',
  },
  {
    breaks: 'a server sets the clipboard of the terminal where bw asks',
    file: 'client/bw-on-terminal.ts',
    from: 'output.pass(screen(piece))',
    to: 'output.pass(piece)',
    caughtBy: 'test/security/foreign-text.test.ts',
  },
  {
    breaks: 'JSON on a terminal acts there',
    file: 'client/commands/status.ts',
    from: 'shownJson(now, 2)',
    to: 'JSON.stringify(now, null, 2)',
    caughtBy: 'test/security/foreign-text.test.ts',
  },
  {
    breaks: 'an account acts in the prompt on the terminal',
    file: 'client/prompt/typing.ts',
    from: 'printable(prompt.prompt)',
    to: 'prompt.prompt',
    caughtBy: 'test/security/foreign-text.test.ts',
  },
  {
    breaks: 'the name of a program acts in the audit',
    file: 'daemon/audit.ts',
    from: "typeof value === 'string' ? printable(value) : value",
    to: "typeof value === 'string' ? String(printable && value) : value",
    caughtBy: 'test/security/foreign-text.test.ts',
  },
];
