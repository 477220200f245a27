/**
 * Made-up secrets go through a whole life of the helper, and then are looked for in everything that
 * was there to be seen meanwhile: files, command lines, environments, output.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formsOf, type Needle, type Sighting, search } from '../support/canary.ts';
import { type Life, live } from '../support/life.ts';
import { readTrace, traced, untraceable } from '../support/traced.ts';
import { watch } from '../support/watcher.ts';
import { createWorld } from '../support/world.ts';

const NOT_TRACED = untraceable();
const onLinux = test.skipIf(process.platform !== 'linux');

const place = createWorld();
const traceFile = join(place.folder, 'trace');
let life: Life;
let needles: Needle[];
let sightings: Sighting[];

beforeAll(async () => {
  life = await live(place.folder, NOT_TRACED ? undefined : traceFile);
  needles = [...life.secrets].flatMap(([name, secret]) => formsOf(name, secret));
  sightings = await life.find(needles);
});
afterAll(async () => {
  await life?.close();
  await place.close();
});

test('nothing secret is in any file, but client_secret in the staged copy while bw runs', () => {
  const files = sightings.filter(({ where }) => where === 'file');
  const staged = (one: Sighting) =>
    one.what.startsWith(join(life.world.runtimeDir, 'bw-helper/staged-'));
  expect(files.filter((one) => !staged(one))).toEqual([]);
  expect(new Set(files.filter(staged).map(({ needle }) => needle))).toEqual(
    new Set(['client_secret, raw']),
  );
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
  for (const which of ['one', 'two', 'three'])
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

onLinux('the same holds for every program that the daemon ever started', (context) => {
  if (NOT_TRACED) context.skip(NOT_TRACED);
  const started = readTrace(traceFile);
  // Without these the trace would prove nothing: the daemon, and a bw of each kind.
  const lines = started.flatMap((one) => ('argv' in one ? [one.argv.join(' ')] : []));
  for (const program of [
    'daemon/main.js',
    'bw.js login',
    'bw.js unlock',
    'bw.js sync',
    'bw.js logout',
  ])
    expect(lines).toContainEqual(expect.stringContaining(program));
  expectOnlyWanted(started.flatMap((one) => search(one, needles)));
});

/** Each of these is where it must be, and nothing is anywhere else. */
function expectOnlyWanted(found: readonly Sighting[]): void {
  const processes = found.filter(({ where }) => where !== 'file');
  const wanted = ({ needle, where, what, variable }: Sighting) =>
    where === 'environ' &&
    ((/^(wrong )?client_secret, raw$/.test(needle) &&
      variable === 'BW_CLIENTSECRET' &&
      /bw\.js login --apikey --nointeraction$/.test(what)) ||
      (needle.startsWith('session key one') &&
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
    const texts = needles.filter(({ bytes }) => Buffer.from(bytes.toString()).equals(bytes));
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
    const [strace = '', ...args] = traced(file, ['/bin/sh', '-c', 'exec true', ...planted]);
    await once(spawn(strace, args, { env }), 'exit');
    const seen = readTrace(file).flatMap((one) => search(one, needles));
    expect(in_('argv', seen)).toEqual(names(texts));
    expect(in_('environ', seen)).toEqual(names(texts));
  },
);
