/**
 * Claims about `regex.ts`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import { loadRegexEngine } from './regex.ts';

const engine = await loadRegexEngine();

describe('a pattern', () => {
  test('has to match the whole subject, by whichever alternative does', () => {
    assert.ok(engine.compile('/x/[0-9]+').matches('/x/17'));
    assert.ok(!engine.compile('/x/[0-9]+').matches('/x/17/'));
    assert.ok(!engine.compile('x').matches('/x'));
    assert.ok(engine.compile('a|ab').matches('ab'));
    assert.ok(engine.compile('^/a$').matches('/a'));
    assert.ok(!engine.compile('a*').matches('aaaa\n'));
  });

  test('that is too long, too large or malformed is refused and named', () => {
    assert.throws(() => engine.compile('a'.repeat(limits.regexPatternMax + 1)), /over 512/);
    assert.throws(() => engine.compile('[a-z]{1000}[a-z]{1000}[a-z]{1000}'), /steps, at most 2000/);
    assert.throws(() => engine.compile('a**b('), /a\*\*/);
    assert.throws(() => engine.compile('(?=x)'), /\(\?=/);
    assert.throws(() => engine.compile('(a)\\1'), /\\1/);
  });

  test('matches no subject that is over the bound', () => {
    const any = engine.compile('a*');
    assert.ok(any.matches('a'.repeat(limits.regexSubjectMax)));
    assert.ok(!any.matches('a'.repeat(limits.regexSubjectMax + 1)));
  });
});

describe('time', () => {
  const subjects = ['a'.repeat(4 * 1024), 'a'.repeat(64 * 1024 - 1)].map((text) => `${text}!`);
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){12}$', '(a?){60}a{60}$', '([a-z]+)*b']) {
    test(`stays linear for ${pattern} on 64 KiB`, () => {
      const compiled = engine.compile(pattern);
      for (const subject of subjects) assert.ok(!compiled.matches(subject)); // Warm up.
      const [short, long] = subjects.map((subject) =>
        fastestOf(3, () => compiled.matches(subject)),
      );
      // 16 times the length: a quadratic engine takes 256 times as long, backtracking forever.
      assert.ok(long! < 100 * Math.max(short!, 0.05), `${short} ms, then ${long} ms`);
    });
  }

  test('stays linear where the subject drives the engine through new states', () => {
    const compiled = engine.compile('(a|b)*a(a|b){14}c');
    let state = 1;
    const random = Array.from({ length: 64 * 1024 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state & 65_536) === 0 ? 'a' : 'b';
    }).join('');
    const short = fastestOf(2, () => compiled.matches(random.slice(0, 4 * 1024)));
    const long = fastestOf(2, () => compiled.matches(random));
    assert.ok(long < 100 * Math.max(short, 0.05), `${short} ms, then ${long} ms`);
  });
});

function fastestOf(rounds: number, work: () => void): number {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    work();
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs;
}
