import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalPath } from './target.ts';

function canonical(path: string): string | number {
  const bytes = Buffer.from(path, 'latin1');
  const end = canonicalPath(bytes, 0, bytes.length);
  return end < 0 ? end : bytes.toString('latin1', 0, end);
}

const piece = fc.constantFrom(
  ...[
    '/',
    '//',
    '.',
    '..',
    'a',
    'b.',
    '%2e',
    '%2E',
    '%2f',
    '%41',
    '%7E',
    '%c3%a9',
    ';',
    '~',
    '%20',
  ],
);
const path = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('property: a canonical path stays as it is', () => {
  fc.assert(
    fc.property(path, (text) => {
      const once = canonical(text) as string;
      assert.equal(canonical(once), once);
    }),
  );
});

test('property: a canonical path has a slash first, no dot segment, and never grows', () => {
  fc.assert(
    fc.property(path, (text) => {
      const made = canonical(text) as string;
      assert.ok(made.startsWith('/') && made.length <= text.length);
      assert.ok(!made.split('/').some((segment) => segment === '.' || segment === '..'));
      assert.ok(!/%(?:2[ef]|4\d|7e)/.test(made), made);
    }),
  );
});

test('property: dot segments go as a reader of RFC 3986 §5.2.4 would remove them', () => {
  const plain = fc.array(fc.constantFrom('a', 'b', '.', '..', ''), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(plain, (segments) => {
      const out: string[] = [];
      segments.forEach((segment, i) => {
        const last = i === segments.length - 1;
        if (segment === '..') out.pop();
        if (segment !== '.' && segment !== '..') out.push(segment);
        else if (last) out.push('');
      });
      assert.equal(canonical(`/${segments.join('/')}`), `/${out.join('/')}`);
    }),
  );
});
