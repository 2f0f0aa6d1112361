import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CHUNK_HEADROOM,
  CHUNK_TAILROOM,
  ChunkedDecoder,
  frameChunk,
  LAST_CHUNK,
} from './chunked.ts';

interface Decoded {
  readonly data: string;
  readonly trailers: string;
  readonly refused: number;
  readonly done: boolean;
  /** What came behind the body. */
  readonly rest: string;
}

function decode(decoder: ChunkedDecoder, text: string, cuts: readonly number[]): Decoded {
  decoder.reset();
  const at = [...cuts, text.length].map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
  let data = '';
  let rest = '';
  let from = 0;
  for (const cut of at) {
    const piece = text.slice(from, cut);
    from = cut;
    if (decoder.done || decoder.refused !== 0) {
      rest += piece;
      continue;
    }
    const bytes = Buffer.from(`<<${piece}>>`, 'latin1');
    decoder.decode(bytes, 2, bytes.length - 2);
    data += bytes.toString('latin1', decoder.dataStart, decoder.dataEnd);
    rest += bytes.toString('latin1', decoder.consumedTo, bytes.length - 2);
    assert.equal(bytes.toString('latin1', bytes.length - 2), '>>');
  }
  const trailers = Buffer.from(decoder.trailers ?? []).toString('latin1');
  return { data, trailers, refused: decoder.refused, done: decoder.done, rest };
}

const chunk = fc
  .tuple(
    fc.string({ minLength: 1, maxLength: 30 }),
    fc.constantFrom('', ';a', ' ;b="c\\"d"', ';e=f'),
  )
  .map(([text, extension]) => {
    const data = Buffer.from(text).toString('latin1');
    return { data, wire: `${data.length.toString(16)}${extension}\r\n${data}\r\n` };
  });
const trailers = fc.constantFrom('', 'x-sum: 1\r\n', 'x-a: b\r\nCookie: dropped\r\nx-c:\r\n');

describe('a chunked body', () => {
  test('property: gives its data, kept trailers and what is behind it, wherever it is cut', () => {
    const decoder = new ChunkedDecoder();
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 5 }),
        trailers,
        fc.array(fc.nat(200), { maxLength: 10 }),
        (chunks, trailer, cuts) => {
          const wire = `${chunks.map(({ wire: each }) => each).join('')}0\r\n${trailer}\r\n`;
          const got = decode(decoder, `${wire}GET /`, cuts);
          assert.equal(got.refused, 0);
          assert.equal(got.done, true);
          assert.equal(got.data, chunks.map(({ data }) => data).join(''));
          assert.equal(got.trailers, trailer.replace('Cookie: dropped\r\n', ''));
          assert.equal(got.rest, 'GET /');
        },
      ),
    );
  });

  test('property: any bytes are refused or read alike, wherever they are cut', () => {
    const decoder = new ChunkedDecoder();
    const part = fc.constantFrom(
      ...[
        '0',
        '1',
        'a',
        'F',
        '\r\n',
        '\r',
        '\n',
        ';',
        '=',
        '"',
        '\\',
        ' ',
        '\t',
        'x',
        ':',
        '\0',
        '-',
      ],
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.array(fc.nat(60)), (parts, cuts) => {
        const text = parts.join('');
        assert.deepEqual(decode(decoder, text, cuts), decode(decoder, text, []));
      }),
      { numRuns: 500 },
    );
  });

  test('carries nothing over a reset', () => {
    const decoder = new ChunkedDecoder();
    decode(decoder, '5;a="', []);
    assert.equal(decode(decoder, '1\r\nx\r\n0\r\nt: 1\r\n\r\n', []).data, 'x');
    const again = decode(decoder, '0\r\n\r\n', []);
    assert.deepEqual([again.data, again.trailers, again.done], ['', '', true]);
  });

  test('keeps its trailers when the decoder is used again', () => {
    const decoder = new ChunkedDecoder();
    decode(decoder, '0\r\nt: 1\r\n\r\n', []);
    const kept = decoder.trailers!;
    decode(decoder, '0\r\nu: 2222\r\n\r\n', []);
    assert.equal(Buffer.from(kept).toString(), 't: 1\r\n');
  });

  test('property: what frameChunk wrote is what the decoder reads', () => {
    const decoder = new ChunkedDecoder();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 70_000, size: 'max' }), (data) => {
        const bytes = Buffer.alloc(CHUNK_HEADROOM + data.length + CHUNK_TAILROOM);
        bytes.set(data, CHUNK_HEADROOM);
        const end = CHUNK_HEADROOM + data.length;
        const from = frameChunk(bytes, CHUNK_HEADROOM, end);
        assert.ok(from >= 0);
        const wire = Buffer.concat([bytes.subarray(from, end + CHUNK_TAILROOM), LAST_CHUNK]);
        decoder.reset();
        decoder.decode(wire, 0, wire.length);
        assert.equal(decoder.done, true);
        assert.ok(Buffer.from(data).equals(wire.subarray(decoder.dataStart, decoder.dataEnd)));
      }),
      { numRuns: 50 },
    );
  });
});
