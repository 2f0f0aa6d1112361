/**
 * Requests for property tests: well-formed ones with hostile names, odd blanks, any body, in any
 * number behind each other. Pure; fast-check prints the seed of a failure.
 */
import fc from 'fast-check';

const NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  '0',
  '42',
  'X-User',
  'accept',
  'Cookie',
  'x-request-id',
  'TRACEPARENT',
  'x-remora-deadline-ms',
  'Keep-Alive',
  'proxy-connection',
  'Via',
  'hostname',
  'content-length-x',
];

const ACTED_ON =
  /^(host|content.length|transfer.encoding|connection|expect|te|upgrade|trailer|content-type)$/i;

const token = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/).filter((name) => !ACTED_ON.test(name)),
);

const value = fc.oneof(
  fc.constantFrom('', 'x', 'a, b', '\ta \t', 'caf\xc3\xa9', '"q"', '=;,:'),
  fc.string({ maxLength: 80 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
);

const field = fc
  .tuple(token, fc.constantFrom(':', ': ', ':\t'), value)
  .map(([name, colon, text]) => `${name}${colon}${text}\r\n`);

const path = fc
  .array(fc.constantFrom('a', 'b.c', '.', '..', '%2e', '%41', '%2f', '', 'x;y', '~'), {
    maxLength: 6,
  })
  .map((segments) => `/${segments.join('/')}`);

const target = fc
  .tuple(
    fc.constantFrom('', 'http://a.test', 'HTTP://A.test:80'),
    path,
    fc.constantFrom('', '?', '?q=1&%zz'),
  )
  .map((parts) => parts.join(''));

const body = fc.oneof(
  fc.constant({ lines: '', body: '' }),
  fc.string({ maxLength: 60 }).map((text) => {
    const bytes = Buffer.from(text).toString('latin1');
    return { lines: `Content-Length: ${bytes.length}\r\n`, body: bytes };
  }),
  fc
    .tuple(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 4 }), fc.boolean())
    .map(([texts, withTrailer]) => {
      const chunks = texts.map((text) => {
        const bytes = Buffer.from(text).toString('latin1');
        return `${bytes.length.toString(16)};ext\r\n${bytes}\r\n`;
      });
      const trailer = withTrailer ? 'x-sum: 1\r\n' : '';
      return {
        lines: 'Transfer-Encoding: chunked\r\n',
        body: `${chunks.join('')}0\r\n${trailer}\r\n`,
      };
    }),
);

/** One request, with Host. */
export const request: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    target,
    fc.array(field, { maxLength: 8 }),
    body,
  )
  .map(([method, at, fields, { lines, body: text }]) => {
    const head = `${method} ${at} HTTP/1.1\r\nHost: a.test\r\n${fields.join('')}${lines}\r\n`;
    return Buffer.from(head + text, 'latin1');
  });

/** One to three requests of one connection. */
export const requests: fc.Arbitrary<Buffer> = fc
  .array(request, { minLength: 1, maxLength: 3 })
  .map((all) => Buffer.concat(all));

export const cuts: fc.Arbitrary<number[]> = fc.array(fc.nat(2_000), { maxLength: 8 });
