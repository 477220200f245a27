/** A secret's many forms, and the search for them in what was seen of files and processes. */

/** One form of one secret, as the bytes to look for. */
export interface Needle {
  /** `client_secret as base64` */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A file's content, or what a process was started with, at one moment. */
export type Seen =
  | { readonly path: string; readonly content: Buffer }
  | { readonly pid: number; readonly argv: readonly Buffer[]; readonly environ: readonly Buffer[] };

/** Where a needle stands. `what` is the command line of a process, or the path of a file. */
export interface Sighting {
  readonly needle: string;
  readonly where: 'file' | 'argv' | 'environ';
  readonly what: string;
  /** The variable, in an environment. */
  readonly variable?: string;
}

/**
 * Raw, UTF-16, base64 (both alphabets, wherever it begins within other text), hex, URL-encoded,
 * JSON-escaped.
 */
export function formsOf(name: string, secret: string | Buffer): Needle[] {
  const raw = Buffer.from(secret);
  const forms: [string, string | Buffer][] = [
    ['raw', raw],
    ['hex', raw.toString('hex')],
    ['HEX', raw.toString('hex').toUpperCase()],
  ];
  if (typeof secret === 'string') {
    forms.push(['UTF-16', Buffer.from(secret, 'utf16le')]);
    forms.push(['URL-encoded', encodeURIComponent(secret)]);
    forms.push(['form-encoded', new URLSearchParams({ '': secret }).toString().slice(1)]);
    forms.push(['JSON-escaped', JSON.stringify(secret).slice(1, -1)]);
  }
  for (const before of [0, 1, 2]) {
    forms.push(['base64', base64Within(raw, before)]);
    forms.push(['base64url', base64Within(raw, before).replace(/\+/g, '-').replace(/\//g, '_')]);
  }
  const seen = new Set<string>();
  return forms
    .map(([form, text]) => ({ name: `${name}, ${form}`, bytes: Buffer.from(text) }))
    .filter(({ bytes }) => !seen.has(bytes.toString('hex')) && seen.add(bytes.toString('hex')));
}

/** Each needle that stands in `seen`, once a place. */
export function search(seen: Seen, needles: readonly Needle[]): Sighting[] {
  if ('path' in seen)
    return needles
      .filter(({ bytes }) => seen.content.includes(bytes))
      .map(({ name }) => ({ needle: name, where: 'file', what: seen.path }));
  const what = seen.argv.join(' ');
  return needles.flatMap(({ name, bytes }): Sighting[] => [
    ...(seen.argv.some((argument) => argument.includes(bytes))
      ? [{ needle: name, where: 'argv' as const, what }]
      : []),
    ...seen.environ
      .filter((entry) => entry.includes(bytes))
      .map((entry) => ({
        needle: name,
        where: 'environ' as const,
        what,
        variable: entry.subarray(0, Math.max(entry.indexOf('='), 0)).toString(),
      })),
  ]);
}

/** The part of the base64 of a longer text that depends on `raw` alone, `before` bytes after a boundary. */
function base64Within(raw: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), raw])
    .toString('base64')
    .replace(/=+$/, '');
  const first = Math.ceil((before * 8) / 6);
  const whole = Math.floor(((before + raw.length) * 8) / 6);
  return text.slice(first, whole);
}
