import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { editSettings, meaning, means, type NewValue } from '../../../../daemon/settings/edit.ts';

const SERVER = ['profiles', 'default', 'server'];

const written = `# My settings.
# Do not touch.

idle = "15m"   # a coffee
  max = '8h'   # "max" = 1

[profiles.default] # mine
# The big one:
server = "https://a.example" # [not.a.table]

  keychain = "file"

# For the office.
[profiles.work]
server = """
https://b.example"""
ca_file = '''
# no comment
[no.table]'''
`;

/** What differs between `written` and the edited text: lines gone, lines new. */
function change(path: readonly string[], value: NewValue | undefined, text = written) {
  const [before, after] = [text.split('\n'), editSettings(text, path, value).split('\n')];
  return [
    before.filter((line) => !after.includes(line)),
    after.filter((line) => !before.includes(line)),
  ];
}

describe('a value is replaced where it stands, with what is around it', () => {
  test.each<[string, string[], NewValue, string, string]>([
    ['at the top', ['idle'], '1h', 'idle = "15m"   # a coffee', 'idle = "1h"   # a coffee'],
    ['in literal quotes', ['max'], 5, '  max = \'8h\'   # "max" = 1', '  max = 5   # "max" = 1'],
    [
      'with a comment like a table',
      SERVER,
      true,
      'server = "https://a.example" # [not.a.table]',
      'server = true # [not.a.table]',
    ],
    [
      'with quotes and a backslash',
      ['idle'],
      'a"b\\c\u007f',
      'idle = "15m"   # a coffee',
      'idle = "a\\"b\\\\c\\u007f"   # a coffee',
    ],
  ])('%s', (_, path, value, before, after) => {
    expect(change(path, value)).toEqual([[before], [after]]);
  });

  test('over several lines', () => {
    const edited = editSettings(written, ['profiles', 'work', 'ca_file'], '/x');
    expect(edited).toBe(written.replace(/'''[\s\S]*'''/, '"/x"'));
  });

  test.each([
    [
      'profiles = { default = { server = "a", keychain = "os" } } # b',
      'profiles = { default = { server = "new", keychain = "os" } } # b',
    ],
    ['profiles.default.server="a"', 'profiles.default.server="new"'],
    [
      '"profiles" . \'default\' . "serve\\u0072" = "a"',
      '"profiles" . \'default\' . "serve\\u0072" = "new"',
    ],
    ['[profiles]\ndefault.server = "a"', '[profiles]\ndefault.server = "new"'],
    ['[ profiles . default ]\r\nserver = "a"\r\n', '[ profiles . default ]\r\nserver = "new"\r\n'],
    [
      'list = [ "]", { server = 1 }, # ]\n]\n[profiles.default]\nserver = 1979-05-27 07:32:00',
      'list = [ "]", { server = 1 }, # ]\n]\n[profiles.default]\nserver = "new"',
    ],
  ])('in %j', (text, edited) => {
    expect(editSettings(text, SERVER, 'new')).toBe(edited);
  });
});

describe('a new key', () => {
  test('comes after the last one of its table, as far to the right', () => {
    expect(editSettings(written, ['bw_path'], '/bw')).toBe(
      written.replace('"max" = 1\n', '"max" = 1\n  bw_path = "/bw"\n'),
    );
    expect(editSettings(written, ['profiles', 'default', 'idle'], '1m')).toBe(
      written.replace('"file"\n', '"file"\n  idle = "1m"\n'),
    );
    expect(editSettings(written, ['profiles', 'work', 'idle'], '1m')).toBe(
      `${written}idle = "1m"\n`,
    );
  });

  test.each([
    ['an empty file', '', 'idle = "1m"\n'],
    ['a file of comments', '# mine', '# mine\nidle = "1m"\n'],
    [
      'a file that begins with a table',
      '# mine\n\n# its\n[profiles.default]\n',
      '# mine\n\nidle = "1m"\n\n# its\n[profiles.default]\n',
    ],
    ['a file without a last line end', 'max = "1h"', 'max = "1h"\nidle = "1m"\n'],
    [
      'a file with line ends of Windows',
      'max = "1h"\r\n[profiles]\r\n',
      'max = "1h"\r\nidle = "1m"\r\n[profiles]\r\n',
    ],
  ])('at the top of %s', (_, text, edited) => {
    expect(editSettings(text, ['idle'], '1m')).toBe(edited);
  });

  test.each([
    ['an empty file', '', '[profiles.default]\nserver = "s"\n'],
    [
      'a file without the table',
      'idle = "1m"',
      'idle = "1m"\n\n[profiles.default]\nserver = "s"\n',
    ],
    [
      'an empty table',
      '[profiles.default] # mine\n# x\n',
      '[profiles.default] # mine\nserver = "s"\n# x\n',
    ],
    [
      'a table below it',
      '[profiles.default.sub]\na = 1\n',
      '[profiles.default.sub]\na = 1\n\n[profiles.default]\nserver = "s"\n',
    ],
    [
      'dotted keys',
      'profiles.default.a = 1\nidle = 1\n',
      'profiles.default.a = 1\nprofiles.default.server = "s"\nidle = 1\n',
    ],
    [
      'dotted keys in a table',
      '[profiles]\ndefault.a = 1\n',
      '[profiles]\ndefault.a = 1\ndefault.server = "s"\n',
    ],
  ])('in a table: %s', (_, text, edited) => {
    expect(editSettings(text, SERVER, 's')).toBe(edited);
  });

  test('in a table whose name needs quotes', () => {
    expect(editSettings('', ['profiles', 'a b', 'c.d'], 1)).toBe('[profiles."a b"]\n"c.d" = 1\n');
  });
});

test('an empty table is added once', () => {
  const added = `${written}\n[profiles.home]\n`;
  expect(editSettings(written, ['profiles', 'home'], {})).toBe(added);
  expect(editSettings(added, ['profiles', 'home'], {})).toBe(added);
  expect(editSettings(written, ['profiles', 'work'], {})).toBe(written);
});

describe('removing', () => {
  test('a key takes its line and no other', () => {
    expect(change(['idle'], undefined)).toEqual([['idle = "15m"   # a coffee'], []]);
    expect(editSettings(written, ['profiles', 'work', 'ca_file'], undefined)).toBe(
      written.replace(/ca_file = '''[\s\S]*'''\n/, ''),
    );
    expect(editSettings('a.b = 1\na.c = 2', ['a', 'b'], undefined)).toBe('a.c = 2');
  });

  test('a key that stood alone leaves no second empty line', () => {
    expect(editSettings('a = 1\n\n[b]\n', ['a'], undefined)).toBe('[b]\n');
    expect(editSettings('# c\r\n\r\na = 1\r\n\r\n[b]\r\n', ['a'], undefined)).toBe(
      '# c\r\n\r\n[b]\r\n',
    );
    expect(editSettings('a = 1\n\n# c\n', ['a'], undefined)).toBe('# c\n');
  });

  test('a table takes its comment and what is in it', () => {
    expect(editSettings(written, ['profiles', 'work'], undefined)).toBe(
      written.slice(0, written.indexOf('\n# For the office.')),
    );
    expect(editSettings(written, ['profiles', 'default'], undefined)).toBe(
      written.replace(/\[profiles\.default\][\s\S]*(?=# For)/, ''),
    );
    const parts = 'a = 1\n[p.x]\nb = 1\n[q]\nc = 1\n[p.x.y]\nd = 1\n# q\n[p.z]\n';
    expect(editSettings(parts, ['p', 'x'], undefined)).toBe('a = 1\n[q]\nc = 1\n# q\n[p.z]\n');
  });

  test('what is not there changes nothing', () => {
    for (const path of [['x'], ['profiles', 'x'], ['idle', 'x'], ['profiles', 'default', 'x']])
      expect(editSettings(written, path, undefined)).toBe(written);
  });

  test('the comment at the top of the file stays', () => {
    expect(editSettings('# All mine.\n[p.x]\nb = 1\n', ['p', 'x'], undefined)).toBe(
      '# All mine.\n',
    );
  });
});

describe('it says that it cannot', () => {
  const reason = (text: string, path: string[], value?: NewValue) => {
    try {
      return editSettings(text, path, value);
    } catch (thrown) {
      expect(thrown).toMatchObject({ name: 'settings-not-editable' });
      return (thrown as Error).message;
    }
  };

  test.each<[string, string[], NewValue | undefined, string]>([
    [
      'profiles = { default = {} }',
      SERVER,
      's',
      '`profiles.default` is set in one line, where nothing can be added',
    ],
    [
      'profiles.default = { server = 1 }',
      SERVER,
      undefined,
      '`profiles.default.server` stands in the braces of another setting',
    ],
    ['profiles = 1', SERVER, 's', '`profiles` is no table'],
    ['[[profiles]]\nx = 1', SERVER, 's', '`profiles` is no table'],
    ['idle = hunter2', ['idle'], '1m', 'line 1, column 8'],
  ])('in %j', (text, path, value, problem) => {
    expect(reason(text, path, value)).toContain(problem);
    expect(reason(text, path, value)).not.toContain('hunter2');
  });
});

describe('what was made is compared with what was meant', () => {
  const text = '[profiles.default]\nserver = "a"\n';
  const meant = () => meaning(text, SERVER, 'b');

  test.each([
    ['the wrong value', text],
    ['the wrong place', `server = "b"\n${text}`],
    ['more than that', text.replace('"a"', '"b"\nidle = "1m"')],
    ['less than that', '[profiles.default]\n'],
    ['no TOML', `${text}[profiles.default]\n`],
  ])('%s is none of it', (_, edited) => {
    expect(means(edited, meant(), SERVER)).toBe(false);
    expect(means(text.replace('"a"', '"b"'), meant(), SERVER)).toBe(true);
  });

  test('so a value never takes the place of a table', () => {
    expect(() => editSettings(text, ['profiles', 'default'], 'x')).toThrow(
      '`profiles.default` stands where only a person can change it',
    );
  });
});

test('whatever is there already, the rest keeps its meaning', () => {
  const parts = [
    '# c = 1',
    'a = """x\ny = 1\n"""" # "',
    "b = ['''\n[t]\n''', \"]\", # ]\n { c = 1, d.e = '}' } ]",
    'd.e.f = 1e5',
    '"q\\"[r]" = 2020-01-01 10:00:00Z',
    '[t]\nt = { u = { v = [ ] }, w = "}" }',
    '[t.x."y]"]',
    '',
    'z = 0x1F # {',
    '[[arr]]',
    'k = true',
  ];
  const wanted = [['n'], ['t', 'n'], ['t', 'x', 'n'], ['d', 'e', 'n'], ['a'], ['z'], ['arr', 'n']];
  let edits = 0;
  for (let from = 0; from < parts.length; from += 1)
    for (const end of ['\n', '\r\n'])
      for (const path of wanted) {
        const text = parts.slice(from).join(end);
        for (const value of ['v', undefined])
          try {
            const edited = editSettings(text, path, value);
            // Comments are the one thing that its own comparison does not see.
            if (value) expect(edited.match(/#/g)).toEqual(text.match(/#/g));
            expect(parse(edited)).toBeDefined();
            edits += 1;
          } catch (thrown) {
            expect(thrown).toMatchObject({ name: 'settings-not-editable' });
            expect(path.length).toBeGreaterThan(1);
          }
      }
  expect(edits).toBeGreaterThan(240);
});
