/** Claims about the live view: it fits, tells what is wrong first, and can be pasted from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { renderView } from './view.ts';
import type { RouteView, ViewState } from './view-state.ts';

const catalog: RouteView = {
  destination: 'catalog',
  rule: 'canary',
  requestsPerSecond: 25.04,
  successRatio: 1,
  p50Ms: 3.21,
  p99Ms: 41,
  shares: [
    { backend: 'catalog-v1', weight: 90, real: 0.902, endpoints: 2 },
    { backend: 'catalog-v2', weight: 10, real: 0.098, endpoints: 1 },
  ],
};
const payments: RouteView = {
  ...catalog,
  destination: 'payments',
  rule: 'impatient',
  successRatio: 0.99996,
  shares: [{ backend: 'payments', weight: 1, real: 1, endpoints: 1 }],
};
const running: ViewState = {
  folder: 'examples/shop',
  upMs: 62_000,
  instances: [{ name: 'catalog-v1-0', state: 'ready', why: '' }],
  routes: [catalog, payments],
  problems: [],
  events: [{ at: '12:00:01', text: 'TrafficRoute catalog: applied by 1 of the 1', kind: 'good' }],
  tries: [{ what: 'move', command: 'sed -i.bak s/90/50/ examples/shop/catalog-route.yaml' }],
  places: [],
};
const mistake = {
  file: 'examples/shop/catalog-route.yaml',
  line: 14,
  column: 46,
  object: null,
  field: 'spec.rules[0].backends[0].weight',
  message: 'expected a number',
  remedy: 'a whole number from 0 to 1000000',
};
const small = { columns: 80, rows: 24, hasColor: false };

function drawn(state: Partial<ViewState>, size = small): string {
  return renderView({ ...running, ...state }, size).join('\n');
}

describe('the view', () => {
  test('shows rate, success, latency and endpoints of each route', () => {
    assert.match(drawn({}), /^catalog\/canary +25\.0 +100\.0% +3\.2 ms +41 ms +3$/m);
  });

  test('shows the real share of each backend beside the wanted one', () => {
    assert.match(drawn({}), /catalog-v1 +90\.2% wanted +90\.0% \(weight 90\) █+/);
    assert.match(drawn({}), /catalog-v2 +9\.8% wanted +10\.0% \(weight 10\) █+/);
  });

  test('lists no shares of a route with one backend', () => {
    assert.equal(drawn({}).split('payments').length, 2);
  });

  test('never rounds a failure away', () => {
    assert.match(drawn({}), /payments\/impatient +25\.0 +99\.9%/);
  });

  test('shows a mistake above the routes, with file, line, field and remedy', () => {
    const text = drawn({ problems: [mistake] });
    assert.match(
      text,
      /catalog-route\.yaml:14 spec\.rules\[0\]\.backends\[0\]\.weight:\s+expected/,
    );
    assert.match(text, /→ a whole number from 0 to 1000000/);
    assert.match(text, /last good configuration stays in force/);
    assert.ok(text.indexOf('→') < text.indexOf('ROUTE'));
  });

  test('does not say of an ignored field that the last good stays: the object is in force', () => {
    const text = drawn({ problems: [{ ...mistake, isWarning: true }] });
    assert.match(text, /^ {2}Everything else is in force\.$/m);
  });

  test('says why an instance is down', () => {
    const instances = [{ name: 'cart-0', state: 'down', why: 'exit code 1: boom' } as const];
    assert.match(drawn({ instances }), /0 of 1 instances ready/);
    assert.match(drawn({ instances }), /cart-0 is down: exit code 1: boom/);
  });

  test('has no escape sequence without colour, even where a file brings its own', () => {
    const events = [{ at: '12:00:01', text: '\u001b[2Jgone', kind: 'plain' as const }];
    assert.ok(!drawn({ events }).includes('\u001b'));
  });

  test('keeps a wrapped command pasteable: joined at its backslashes it is the command', () => {
    const command = `curl -si ${'-H x-a:b '.repeat(12)}http://web/`;
    const lines = renderView({ ...running, tries: [{ what: 'x', command }] }, small);
    const from = lines.findIndex((line) => line.startsWith('curl'));
    assert.ok(lines.length - from > 1, 'the command was not wrapped');
    assert.equal(lines.slice(from).join('\n').replaceAll('\\\n', ''), command);
  });

  test('property: whatever happens, a frame is never larger than the screen', () => {
    const text = fc.string({ maxLength: 200 });
    const route = fc.record({
      destination: text,
      rule: text,
      requestsPerSecond: fc.float({ min: 0, max: 1e6, noNaN: true }),
      successRatio: fc.option(fc.float({ min: 0, max: 1, noNaN: true })),
      p50Ms: fc.option(fc.float({ min: 0, max: 1e6, noNaN: true })),
      p99Ms: fc.constant(null),
      shares: fc.array(
        fc.record({
          backend: text,
          weight: fc.nat(1_000_000),
          real: fc.option(fc.float({ min: 0, max: 1, noNaN: true })),
          endpoints: fc.nat(1_000),
        }),
        { maxLength: 4 },
      ),
    });
    const problem = fc.record({
      file: text,
      line: fc.nat(),
      column: fc.nat(),
      object: fc.option(text),
      field: text,
      message: text,
      remedy: text,
    });
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 40 }),
        fc.array(problem, { maxLength: 5 }),
        fc.integer({ min: 40, max: 250 }),
        fc.integer({ min: 10, max: 70 }),
        (routes, problems, columns, rows) => {
          const lines = renderView({ ...running, routes, problems }, { ...small, columns, rows });
          assert.ok(lines.length <= rows);
          for (const line of lines) assert.ok(line.length <= columns, line);
        },
      ),
    );
  });
});
