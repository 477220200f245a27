/** What is written about the code is held against the code. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { safeParse } from 'valibot';
import { describe, expect, test } from 'vitest';
import { pages as generated } from '../../.ci/docs/pages.ts';
import { describeSettings, settingsSchema } from '../../daemon/settings/schema.ts';
import { errors } from '../../shared/errors.ts';
import * as limits from '../../shared/limits.ts';
import { toClient, toDaemon } from '../../shared/protocol.ts';
import { troubleshooting } from '../../shared/troubleshooting.ts';
import { PROTOCOL_VERSION } from '../../shared/version.ts';

const root = resolve(import.meta.dirname, '..', '..');
const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md'], { cwd: root });
const read = (page: string) => readFileSync(join(root, page), 'utf8');

describe('docs/protocol.md', () => {
  const page = read('docs/protocol.md');
  const part = (title: string) => page.split(/^## /m).find((text) => text.startsWith(title)) ?? '';

  test.each([
    ['From client to daemon', toDaemon],
    ['From daemon to client', toClient],
  ])('"%s" has every method with all its fields and traits, and no other', (title, table) => {
    const [, ...sections] = part(title).split(/^### /m);
    const names = sections.map((text) => /^`(.+)`$/m.exec(text)?.[1]);
    expect(names.toSorted()).toEqual(Object.keys(table).toSorted());
    for (const [name, { params, result, traits }] of Object.entries(table)) {
      const text = sections.find((section) => section.startsWith(`\`${name}\``)) ?? '';
      const says = (sentence: RegExp) => sentence.test(text);
      expect(fieldsOf(params, result).filter((field) => !text.includes(`\`${field}\``))).toEqual(
        [],
      );
      expect([name, says(/works with bad settings/i)]).toEqual([name, !!traits.withoutSettings]);
      expect([name, says(/renews the idle limit/i)]).toEqual([name, !!traits.extendsIdle]);
      expect([name, says(/leaves an audit line/i)]).toEqual([name, !!traits.audited]);
      for (const param of traits.audited ?? [])
        expect(text).toMatch(new RegExp(`Leaves an audit line with .*\`${param}\``));
      expect([name, says(/returns a secret/i)]).toEqual([name, !!traits.returnsSecret]);
    }
  });

  test('lets no method fail with an error that there is not', () => {
    const failures = [...page.matchAll(/Fails with (.*)$/gm)].join(' ');
    const names = [...failures.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
    expect(names).not.toEqual([]);
    expect(Object.keys(errors)).toEqual(expect.arrayContaining(names));
  });

  test('has every limit with its value, and the version', () => {
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)];
    expect(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]))).toEqual({
      ...limits,
    });
    expect(part('Version')).toContain(`now ${PROTOCOL_VERSION}.`);
  });
});

test.each(Object.entries(generated))('%s is what `npm run docs` writes', (page, write) => {
  expect(read(page)).toBe(write(read(page)));
});

describe('docs/errors.md', () => {
  const sections = read('docs/errors.md').split(/^## /m).slice(1);

  test('has every error with its exit code and its two sentences, and no other', () => {
    const rows = sections.map((section) => /^(\S+)\n\nExit code (\d+)\./.exec(section)?.slice(1));
    expect(rows).toEqual(Object.entries(errors).map(([name, { exit }]) => [name, String(exit)]));
    for (const [i, { says, next }] of Object.values(errors).entries())
      for (const sentence of [says, next])
        expect(sections[i]).toContain(sentence.replace(/\{(\w+)\}/g, '<$1>'));
  });

  test('has all that `helper help` tells more', () => {
    for (const [name, text] of Object.entries(troubleshooting))
      expect(sections.find((section) => section.startsWith(`${name}\n`))).toContain(text);
  });
});

describe('the commands of helper', () => {
  const commands = learnCommands();

  test('are told by its help', () => {
    expect(commands.get('daemon')?.below).toContain('restart');
    expect(commands.get('get-session')?.options).toContain('--password-stdin');
  });

  test.each(pages)('and their options are written in %s as they are', (page) => {
    expect(callsIn(read(page)).filter((call) => !isKnown(call))).toEqual([]);
  });

  test('are all in README.md', () => {
    const written = callsIn(read('README.md')).map((call) => call.join(' '));
    const all = [...commands].filter(([, { below }]) => below.length === 0).map(([name]) => name);
    expect(
      all.filter((name) => !written.some((call) => `${call} `.startsWith(`${name} `))),
    ).toEqual([]);
  });

  function isKnown(call: readonly string[]): boolean {
    const isOption = (word: string) => word.startsWith('-');
    const valued = [...commands.values()].flatMap((one) => one.valued);
    // `--to file`, `--profile work`: their values are words too.
    const words = call.filter((word, i) => !isOption(word) && !valued.includes(call[i - 1] ?? ''));
    if (words[0] === 'help') return Object.hasOwn(errors, words[1] ?? '') || words[1] === undefined;
    const known = commands.get(words.join(' ')) ?? taking(words);
    return known !== undefined && call.filter(isOption).every((one) => known.options.includes(one));
  }

  /** `profile add work`: the last words are what the command takes. */
  function taking(words: readonly string[]): Known | undefined {
    return words
      .map((_, i) => ({
        taken: i,
        known: commands.get(words.slice(0, words.length - i).join(' ')),
      }))
      .find(({ taken, known }) => known && taken <= known.takes)?.known;
  }
});

test('the defaults in docs/settings.md are written as the file takes them', () => {
  const page = read('docs/settings.md');
  for (const { key, default: preset } of describeSettings()) {
    if (preset === undefined) continue;
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${key}\` |`));
    const shown = rows.map((line) => /`([^`]*)` \|$/.exec(line)?.[1]).filter(Boolean);
    expect([key, ...shown.map((value) => parse(`it = ${value}`).it)]).toEqual([key, preset]);
  }
});

test('the settings in README.md are all there are, and valid', () => {
  const [, toml = ''] = /^```toml\n([\s\S]*?)^```/m.exec(read('README.md')) ?? [];
  const { issues } = safeParse(settingsSchema('/home/of/alice'), parse(toml));
  expect(issues).toBeUndefined();
  const keys = [...toml.matchAll(/^(\w+) = /gm)].map(([, key]) => key);
  expect(keys).toEqual(describeSettings().map(({ key }) => key));
});

test('each dependency has its reason in docs/dependencies.md', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const reasons = [...read('docs/dependencies.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(
    ([, names = '']) => names.split(', '),
  );
  for (const name of Object.keys({ ...dependencies, ...devDependencies }))
    expect(reasons).toContain(name);
});

describe('links and paths', () => {
  test.each(pages)('in %s lead somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const ours = links.filter((link) => !/^(https?|mailto):/.test(link));
    expect(ours.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  test.each(pages)('of this repository that %s names in code are there', (page) => {
    const named = [
      ...read(page).matchAll(/`((client|daemon|shared|test|bench|docs|\.ci)\/[^`\s]*)`/g),
    ];
    expect(
      named.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path))),
    ).toEqual([]);
  });
});

/** Names of all fields in schemas of objects, those of inner objects too. */
function fieldsOf(...schemas: readonly object[]): string[] {
  return schemas.flatMap((schema) => {
    if ('wrapped' in schema) return fieldsOf(schema.wrapped as object);
    if (!('entries' in schema)) return [];
    const entries = Object.entries(schema.entries as Record<string, object>);
    return entries.flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
  });
}

interface Known {
  /** The commands of a group. */
  readonly below: readonly string[];
  readonly options: readonly string[];
  /** The options that take a value. */
  readonly valued: readonly string[];
  /** How many words of the person's own it takes. */
  readonly takes: number;
}

/** What the help of the built client tells, by the words of each command. */
function learnCommands(): Map<string, Known> {
  const found = new Map<string, Known>();
  const ask = (...command: string[]) => {
    const main = join(root, 'dist', 'client', 'main.js');
    const { stdout } = spawnSync(process.execPath, [main, ...command, '--help'], {
      env: {},
      encoding: 'utf8',
    });
    const [, list = ''] = /^Commands:\n((?: .*\n?)+)/m.exec(stdout) ?? [];
    const below = [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name = '']) => name);
    const options = [...stdout.matchAll(/^ {2}(-\w)?,? ?(--[\w-]+)/gm)].flatMap(
      ([, ...names]) => names,
    );
    const valued = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+) </gm)].map(
      ([, name = '']) => name,
    );
    found.set(command.join(' '), {
      below: below.filter((name) => name !== 'help'),
      options,
      valued,
      takes: [...(/^Usage: .*/m.exec(stdout)?.[0] ?? '').matchAll(/[<[](?!options|command)\w+/g)]
        .length,
    });
    for (const name of below) if (name !== 'help') ask(...command, name);
  };
  ask();
  return found;
}

/** Each call of helper in a page's code as its words, without values: `helper daemon start | stop` is two. */
function callsIn(page: string): string[][] {
  const code = [...page.matchAll(/^```[\s\S]*?^```|`[^`\n]+`/gm)].map(([text]) => text).join('\n');
  // What follows ` -- ` are the words of another command.
  const ours = code.replace(/ # .*/g, '').replace(/ -- .*/g, '');
  const calls = [...ours.matchAll(/(?<![\w/.-])helper +([^\n()"'`;<>]*)/g)];
  return calls.flatMap(([, text = '']) => {
    const group = /^(secret|daemon|profile|config) +(\w+(?:(?: \| |\|)\w+)+)/.exec(text);
    if (group) return (group[2] ?? '').split(/ ?\| ?/).map((one) => [group[1] ?? '', one]);
    const words = text.replace(/[|&].*/, '').split(/\s+/);
    const call = words.filter((word) => /^(--?)?[a-z]/.test(word));
    return call.length > 0 ? [call] : [];
  });
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path ? join(dirname(page), path) : page;
  if (!existsSync(join(root, target))) return false;
  const headings = [...(anchor ? read(target) : '').matchAll(/^#+ (.+)$/gm)];
  return !anchor || headings.some(([, heading = '']) => slug(heading) === anchor);
}

/** As GitHub makes an anchor of a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
