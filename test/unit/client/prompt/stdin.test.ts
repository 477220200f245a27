import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  createStdin,
  readSecretLine,
  readTwoLines,
  type Stdin,
} from '../../../../client/prompt/stdin.ts';
import { SECRET_BYTES } from '../../../../shared/limits.ts';

function stdin(...chunks: (string | Buffer)[]): Stdin {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return stream;
}

describe('a password on stdin', () => {
  test.each([
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2', 'hunter2'],
    [' two words \nmore\n', ' two words '],
    ['hünter2 🐎\n', 'hünter2 🐎'],
    [`${'x'.repeat(SECRET_BYTES)}\r\n`, 'x'.repeat(SECRET_BYTES)],
  ])('is the first line, without its end: %j', async (text, line) => {
    expect((await readSecretLine(stdin(text))).reveal()).toBe(line);
  });

  test('may arrive byte by byte', async () => {
    const bytes = [...Buffer.from('🐎\r\nmore')].map((byte) => Buffer.from([byte]));
    expect((await readSecretLine(stdin(...bytes))).reveal()).toBe('🐎');
  });

  test('is taken while the writer keeps the pipe open', async () => {
    const stream = new PassThrough();
    stream.write('hunter2\n');
    expect((await readSecretLine(stream)).reveal()).toBe('hunter2');
    expect(stream.destroyed).toBe(false);
  });

  test.each([
    ['', 'The first line of stdin is empty.'],
    ['\nhunter2\n', 'The first line of stdin is empty.'],
    ['x'.repeat(SECRET_BYTES + 1), 'stdin has a line of more than 4096 bytes.'],
    ['x'.repeat(SECRET_BYTES * 3), 'stdin has a line of more than 4096 bytes.'],
  ])('is refused when it cannot be one', async (text, says) => {
    await expect(readSecretLine(stdin(text))).rejects.toMatchObject({
      row: { name: 'usage', says },
    });
  });

  test('is refused when it is not UTF-8', async () => {
    await expect(readSecretLine(stdin(Buffer.from([0xe4, 0x0a])))).rejects.toThrow('not UTF-8');
  });

  test('is not read from a terminal, which would show it', async () => {
    const terminal = Object.assign(stdin('hunter2\n'), { isTTY: true });
    await expect(readSecretLine(terminal)).rejects.toThrow('stdin is a terminal');
  });

  test('is no longer waited for when the question is withdrawn', async () => {
    const withdrawn = new AbortController();
    const { signal } = withdrawn;
    const silent = new PassThrough();
    const answer = createStdin(silent).secret({ prompt: 'Master password:' }, signal);
    withdrawn.abort(new Error('somebody else was asked'));
    await expect(answer).rejects.toThrow('somebody else was asked');
  });
});

describe('client_id and client_secret on stdin', () => {
  test.each([
    'user.1\ns3cret\n',
    'user.1\r\ns3cret\r\n',
    ' user.1 \ns3cret',
    'user.1\ns3cret\n\n#\n',
  ])('are its first two lines: %j', async (text) => {
    const { clientId, clientSecret } = await readTwoLines(stdin(text));
    expect(clientId).toBe('user.1');
    expect(clientSecret.reveal()).toBe('s3cret');
  });

  test.each([
    ['', 'its first line (client_id) is missing'],
    ['\ns3cret\n', 'its first line (client_id) is missing'],
    ['user.1', 'its second line (client_secret) is missing'],
    ['user.1\n\n', 'its second line (client_secret) is missing'],
  ])('are missed by name: %j', async (text, says) => {
    await expect(readTwoLines(stdin(text))).rejects.toMatchObject({
      row: { name: 'bad-secret', says: expect.stringContaining(says) },
    });
  });
});
