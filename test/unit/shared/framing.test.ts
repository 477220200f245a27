import { expect, test } from 'vitest';
import { BadFrame, encodeFrame, FrameReader } from '../../../shared/framing.ts';
import { FRAME_BYTES } from '../../../shared/limits.ts';

const call = { jsonrpc: '2.0', id: 1, method: 'session.get', params: {} } as const;

function read(...chunks: (string | Buffer)[]) {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
}

test('gives a frame however its bytes were cut', () => {
  const bytes = Buffer.from(encodeFrame({ ...call, params: { name: 'übër' } }));
  for (let cut = 0; cut <= bytes.length; cut += 1)
    expect(read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([
      { ...call, params: { name: 'übër' } },
    ]);
});

test('gives several frames of one chunk in order', () => {
  const two = encodeFrame(call) + encodeFrame({ ...call, id: 2 });
  expect(read(two).map(({ id }) => id)).toEqual([1, 2]);
});

test('waits for the end of a half frame', () => {
  expect(read(encodeFrame(call).slice(0, -1))).toEqual([]);
});

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const withParams = (json: string) => `{"jsonrpc":"2.0","id":1,"method":"x","params":${json}}\n`;

test('takes the deepest frame allowed, and not one level more', () => {
  expect(read(withParams(deep(15)))).toHaveLength(1);
  expect(() => read(withParams(deep(16)))).toThrow(BadFrame);
});

test.each([
  ['an array', '[null]\n'],
  ['a batch', `[${JSON.stringify(call)}]\n`],
  ['null', 'null\n'],
  ['a number', '7\n'],
  ['no JSON', 'GET / HTTP/1.1\r\n'],
  ['half a JSON', '{"jsonrpc":"2.0"\n'],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"x"}\n'],
  ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"x"}\n'],
  ['a broken number as id', '{"jsonrpc":"2.0","id":1.5,"method":"x"}\n'],
  ['a long id', `{"jsonrpc":"2.0","id":"${'i'.repeat(65)}","method":"x"}\n`],
  ['__proto__', withParams('{"__proto__":{"a":1}}')],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a])],
])('refuses %s', (_, bytes) => {
  expect(() => read(bytes)).toThrow(BadFrame);
});

test('refuses a frame above the limit, whole or in pieces, without waiting for its end', () => {
  expect(() => read(Buffer.alloc(FRAME_BYTES + 1, 'x'))).toThrow(BadFrame);
  const reader = new FrameReader();
  const piece = Buffer.alloc(1024, 'x');
  expect(() => {
    for (let sent = 0; sent <= FRAME_BYTES; sent += piece.length) reader.push(piece);
  }).toThrow(BadFrame);
});
