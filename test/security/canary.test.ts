/**
 * Made-up secrets go through a whole life of the helper, and then are looked for in everything that
 * was there to be seen meanwhile: files, command lines, environments, output.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formsOf, type Needle, type Sighting, search } from '../support/canary.ts';
import { leavesCores, WITH_CORES } from '../support/cores.ts';
import { isLong } from '../support/figures.ts';
import { type Life, live } from '../support/life.ts';
import { type Bus, missingFor, startBus, startGnomeKeyring } from '../support/secret-service.ts';
import { readTrace, traced, untraceable } from '../support/traced.ts';
import { watch } from '../support/watcher.ts';
import { createWorld, type World } from '../support/world.ts';

const NOT_TRACED = untraceable();
const onLinux = test.skipIf(process.platform !== 'linux');
const NO_KEYRING = missingFor(['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon']);

/** What differs in each form of it: quotes, a backslash, a blank, what URLs escape, beyond ASCII. */
const CANARIES = [
  ['text', 'planted "q" \\b /+%&=ö 4f1c0a'],
  ['key', Buffer.from('f1e2d3c4b5a69788796a5b4c3d2e1f00fbefbe', 'hex')],
] as const;

const place = createWorld();
afterAll(() => place.close());

// The same life twice takes two minutes.
describe.each(isLong && !NO_KEYRING ? (['file', 'os'] as const) : (['file'] as const))(
  'a life with the keychain %s',
  (keychain) => {
    let life: Life;
    let bus: Bus | undefined;
    let needles: Needle[];
    let sightings: Sighting[];

    beforeAll(async () => {
      const folder = join(place.folder, keychain);
      mkdirSync(folder);
      life = await live({ folder, trace: !NOT_TRACED, keychain, prepare });
      needles = [...life.secrets].flatMap(([name, secret]) => formsOf(name, secret));
      sightings = await life.find(needles);
    }, 300_000);
    afterAll(async () => {
      await life?.close();
      await bus?.close();
    });

    async function prepare(world: World): Promise<void> {
      if (keychain !== 'os') return;
      bus = await startBus(world, { activation: false });
      await startGnomeKeyring(bus, world);
    }

    const isStaged = (path: string) =>
      path.startsWith(join(life.world.runtimeDir, 'bw-helper/staged-'));

    test('nothing secret is in any file, but client_secret in the staged copy while bw runs', () => {
      const files = sightings.filter(({ where }) => where === 'file');
      expect(files.filter(({ what }) => !isStaged(what))).toEqual([]);
      expect(
        new Set(files.filter(({ what }) => isStaged(what)).map(({ needle }) => needle)),
      ).toEqual(new Set(['client_secret, raw']));
    });

    test('the log was written at its most talkative', () => {
      expect(life.world.log()).toContain('"msg":"wire"');
      expect(life.world.log()).toContain('session.get');
    });

    test('nothing secret is printed, but the session key by get-session and client_secret by answer', () => {
      const printed = life.printed.flatMap(({ command, stream, text }) =>
        search({ path: `${command}: ${stream}`, content: Buffer.from(text) }, needles),
      );
      const keys = printed.filter(({ what }) => /^helper get-session.*: stdout$/.test(what));
      const answers = printed.filter(({ what }) => what === 'helper answer client-secret: stdout');
      expect(printed.filter((one) => !keys.includes(one) && !answers.includes(one))).toEqual([]);
      expect(answers.map(({ needle }) => needle)).toEqual(['client_secret, raw']);
      for (const which of ['one', 'two', 'three', 'four'])
        expect(keys.map(({ needle }) => needle)).toContain(`session key ${which}, raw`);
    });

    onLinux('nothing secret is in any command line of this machine', () => {
      expect(sightings.filter(({ where }) => where === 'argv')).toEqual([]);
    });

    onLinux(
      'client_secret is in the environment of bw login alone, BW_SESSION where a person put it',
      (context) => {
        if (!life.sawDaemon)
          context.skip('needs root, to read the environment of a daemon that hides it');
        expectOnlyWanted(sightings);
      },
    );

    onLinux('the same holds for every program that was ever started', (context) => {
      if (NOT_TRACED) context.skip(NOT_TRACED);
      const started = life.traces.flatMap((trace) => trace.started);
      // Without these the traces would prove nothing: the daemon, a client, and a bw of each kind.
      const lines = started.flatMap((one) => ('argv' in one ? [one.argv.join(' ')] : []));
      for (const program of [
        'daemon/main.js',
        'helper get-session',
        'bw.js login --apikey',
        'bw.js login moss@example.test',
        'bw.js unlock',
        'bw.js sync',
        'bw.js logout',
      ])
        expect(lines).toContainEqual(expect.stringContaining(program));
      expectOnlyWanted(started.flatMap((one) => search(one, needles)));
    });

    onLinux(
      'nothing secret is written but into pipes, local sockets and the staged copy',
      (context) => {
        if (NOT_TRACED) context.skip(NOT_TRACED);
        const written = life.traces.flatMap((trace) => [...trace.written]);
        const found = written.flatMap(([path, content]) => search({ path, content }, needles));
        const inside = /^(pipe:|UNIX|socket:)/;
        expect(found.filter(({ what }) => !inside.test(what) && !isStaged(what))).toEqual([]);
        // Without these the traces would prove nothing.
        const staged = found.filter(({ what }) => isStaged(what)).map(({ needle }) => needle);
        expect(staged).toContain('client_secret, raw');
        const passed = found.filter(({ what }) => inside.test(what)).map(({ needle }) => needle);
        expect(passed).toContain('master password, raw');
        expect(passed).toContain('session key one, raw');
        const places = written.map(([path]) => path);
        for (const file of ['data.json', 'daemon.log', 'audit.jsonl'])
          expect(places).toContainEqual(expect.stringContaining(file));
        expect(places).toContainEqual(expect.stringMatching(/^TCP/));
        // Nor does a file come out of the staged copy without being written.
        const moved = life.traces.flatMap((trace) => trace.moved);
        expect(moved).toContainEqual(
          expect.objectContaining({ to: join(life.world.dataDir, 'data.json') }),
        );
        expect(moved.filter(({ from, to }) => isStaged(from) && !isStaged(to))).toEqual([]);
      },
    );

    onLinux('a daemon that is ended by SIGABRT leaves no core', (context) => {
      if (NOT_TRACED) context.skip(NOT_TRACED);
      const killed = life.traces.flatMap((trace) => trace.killed);
      const aborted = killed.filter(({ by }) => by === 'SIGABRT');
      // Each of its threads has a line.
      expect(aborted.length).toBeGreaterThan(0);
      expect(killed.filter(({ core }) => core)).toEqual([]);
    });
  },
);

/** Each of these is where it must be, and nothing is anywhere else. */
function expectOnlyWanted(found: readonly Sighting[]): void {
  const processes = found.filter(({ where }) => where !== 'file');
  const wanted = ({ needle, where, what, variable }: Sighting) =>
    where === 'environ' &&
    ((/^(wrong )?client_secret, raw$/.test(needle) &&
      variable === 'BW_CLIENTSECRET' &&
      /bw\.js login --apikey --nointeraction$/.test(what)) ||
      (/^session key (one|four)/.test(needle) &&
        variable === 'BW_SESSION' &&
        /bw list items$/.test(what)));
  expect(processes.filter((one) => !wanted(one))).toEqual([]);
  expect(processes.map(({ needle }) => needle)).toContain('client_secret, raw');
}

onLinux(
  'the search finds each form of each secret in a file, a command line and an environment',
  async () => {
    const folder = join(place.folder, 'planted');
    mkdirSync(folder);
    const watcher = await watch({ folders: [folder], processes: true });
    // What a command line cannot hold is only looked for in files.
    const needles = [...CANARIES].flatMap(([name, secret]) => formsOf(name, secret));
    const texts = needles.filter(
      ({ bytes }) => !bytes.includes(0) && Buffer.from(bytes.toString()).equals(bytes),
    );
    const planted = texts.map(({ bytes }) => bytes.toString());
    const env = Object.fromEntries(planted.map((text, n) => [`PLANTED_${n}`, text]));
    writeFileSync(
      join(folder, 'planted'),
      Buffer.concat(needles.flatMap(({ bytes }) => [bytes, Buffer.of(10)])),
    );
    const decoy = spawn('/bin/sh', ['-c', 'read line', ...planted], { env });
    await once(decoy, 'spawn');
    const found = await watcher.find(needles);
    decoy.stdin.end('\n');
    await once(decoy, 'exit');
    await watcher.stop();

    const in_ = (where: Sighting['where'], all: readonly Sighting[]) =>
      new Set(all.filter((one) => one.where === where).map(({ needle }) => needle));
    const names = (all: readonly Needle[]) => new Set(all.map(({ name }) => name));
    expect(in_('file', found)).toEqual(names(needles));
    expect(in_('argv', found)).toEqual(names(texts));
    expect(in_('environ', found)).toEqual(names(texts));

    if (NOT_TRACED) return;
    const file = join(folder, 'trace');
    // What it writes, and a core of it, too.
    const script = `${WITH_CORES}; dd status=none if='${folder}/planted' of='${folder}/copy'
      mv '${folder}/copy' '${folder}/moved'; exec sh -c 'kill -ABRT $$' "$@"`;
    const [strace = '', ...args] = traced(file, ['/bin/sh', '-c', script, 'sh', ...planted]);
    await once(
      spawn(strace, args, { env: { ...env, PATH: '/usr/bin:/bin' }, cwd: folder }),
      'exit',
    );
    const { started, written, moved, killed } = readTrace(file);
    const seen = started.flatMap((one) => search(one, needles));
    expect(in_('argv', seen)).toEqual(names(texts));
    expect(in_('environ', seen)).toEqual(names(texts));
    const copy = written.get(join(folder, 'copy')) ?? Buffer.alloc(0);
    expect(in_('file', search({ path: 'copy', content: copy }, needles))).toEqual(names(needles));
    expect(moved).toEqual([{ from: join(folder, 'copy'), to: join(folder, 'moved') }]);
    expect(killed).toEqual([{ by: 'SIGABRT', core: leavesCores() }]);
  },
);
