/** Claims about what is told when: an edit once, a mistake at once, how the mesh began never. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AppliedNews } from './applied-news.ts';
import { EventLog } from './event-log.ts';
import { PlainLines } from './plain-lines.ts';
import type { ViewState } from './view-state.ts';

function acknowledged(generation: number, applied: number, interested = 1, refused: object[] = []) {
  return {
    source: { kind: 'TrafficRoute', namespace: 'shop', name: 'catalog', generation },
    destination: 'catalog.shop:80',
    proxy: 'storefront-0',
    applied,
    interested,
    refused: refused as { proxy: string; reason: string }[],
  };
}

const quiet: ViewState = {
  folder: 'shop',
  upMs: 0,
  instances: [{ name: 'web-0', state: 'starting', why: '' }],
  routes: [],
  problems: [],
  events: [],
  tries: [{ what: 'look', command: 'curl web' }],
  places: [['way in', 'http://127.0.0.1:1']],
};
const mistake = {
  file: 'web.yaml',
  line: 3,
  column: 5,
  object: null,
  field: 'spec.ports',
  message: 'is missing',
  remedy: 'Add it',
};

describe('news of an edit', () => {
  test('is told once, when every proxy that uses it has applied it', () => {
    const news = new AppliedNews();
    assert.equal(news.hear(acknowledged(2, 1, 2)), null);
    assert.match(news.hear(acknowledged(2, 2, 2))?.text ?? '', /applied by 2 of the 2 proxies/);
    assert.equal(news.hear(acknowledged(2, 2, 2)), null);
    assert.notEqual(news.hear(acknowledged(3, 2, 2)), null);
  });

  test('is not how the mesh began', () => {
    assert.equal(new AppliedNews().hear(acknowledged(1, 1)), null);
  });

  test('names the proxy that refused, and why', () => {
    const refusal = { proxy: 'cart-0', reason: 'bad regex' };
    const told = new AppliedNews().hear(acknowledged(1, 0, 1, [refusal]));
    assert.deepEqual(told, {
      kind: 'bad',
      text: 'TrafficRoute shop/catalog: refused by cart-0: bad regex',
    });
  });
});

describe('plain lines', () => {
  test('tell each event once, also when older ones were forgotten', () => {
    const plain = new PlainLines();
    const log = new EventLog(() => new Date(0));
    const told: string[] = [];
    for (let number = 0; number < 250; number++) {
      log.add('plain', `event ${number}.`);
      if (number % 3 === 0) told.push(...plain.next({ ...quiet, events: log.all }));
    }
    told.push(...plain.next({ ...quiet, events: log.all }));
    assert.equal(told.length, 250);
    assert.match(told.at(-1) ?? '', /event 249\.$/);
  });

  test('say once that all is ready, where, and what to try', () => {
    const plain = new PlainLines();
    const ready: ViewState = {
      ...quiet,
      instances: [{ name: 'web-0', state: 'ready', why: '' }],
    };
    assert.deepEqual(plain.next(quiet), []);
    assert.deepEqual(plain.next(ready), [
      'ready: 1 instances of shop',
      'way in: http://127.0.0.1:1',
      'try 1, look:',
      '  curl web',
    ]);
    assert.deepEqual(plain.next(ready), []);
  });

  test('tell a mistake once, and when the last one is mended', () => {
    const plain = new PlainLines();
    const wrong: ViewState = { ...quiet, problems: [mistake] };
    assert.equal(plain.next(wrong)[0], 'web.yaml:3:5: spec.ports: is missing. Add it');
    assert.deepEqual(plain.next(wrong), []);
    assert.deepEqual(plain.next(quiet), ['No mistakes are left.']);
  });
});
