/**
 * The shop's traces in a real Jaeger: a page whole, and where nothing is sampled, a failure with
 * everybody who asked for it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type Jaeger,
  type JaegerSpan,
  type JaegerTrace,
  skipWithoutJaeger,
  startJaeger,
} from '../support/jaeger.ts';
import { until } from '../support/waiting.ts';
import { type Answer, ask, DevRun, temporaryCopy } from './dev-run.ts';

const skip = skipWithoutJaeger();
const CLIENT_SPAN = 'c1c1c1c1c1c1c1c1';
/** Each sidecar on the way: a server span, and a client span for what it asked. */
const WHOLE_PAGE = [
  ...['load server', 'load client', 'storefront server', 'storefront client'],
  ...['storefront server', 'storefront client', 'catalog-v1 server', 'catalog-v1 client'],
  ...['storefront server', 'storefront client', 'cart server', 'cart client'],
  ...['storefront server', 'storefront client', 'orders server', 'orders client'],
  ...['orders server', 'orders client', 'payments server', 'payments client'],
];

/** The shop with a catalog of one version, and payments that fail as often as they are told. */
class Shop {
  readonly run: DevRun;
  readonly #cleanUps: (() => void)[] = [];

  constructor(otlpUrl: string, { sample, failShare }: { sample: number; failShare: number }) {
    const folder = temporaryCopy('examples/shop', (end) => this.#cleanUps.push(end));
    edit(folder, 'dev.yaml', /ratePerSecond: \d+/, 'ratePerSecond: 1');
    edit(folder, 'payments.yaml', /"0.1"/, '"0"');
    edit(folder, 'payments.yaml', /"0.05"/, `"${failShare}"`);
    edit(folder, 'payments-route.yaml', /# retries:/, 'retries:');
    edit(folder, 'catalog-route.yaml', /weight: 90/, 'weight: 100');
    edit(folder, 'catalog-route.yaml', /weight: 10\b/, 'weight: 0');
    this.run = new DevRun(folder, ['--traces', otlpUrl, '--sample', String(sample)]);
  }

  async page(traceId: string, isSampled: boolean): Promise<Answer> {
    const door = await this.run.place('way in');
    const traceparent = `00-${traceId}-${CLIENT_SPAN}-0${isSampled ? 1 : 0}`;
    return await ask(door, 'http://storefront/', { traceparent });
  }

  async end(): Promise<void> {
    await this.run.end();
    for (const cleanUp of this.#cleanUps) cleanUp();
  }
}

describe('a page of the shop, with every trace sampled', { skip }, () => {
  const traceId = 'a'.repeat(31).concat('1');
  let jaeger: Jaeger;
  let shop: Shop;
  let trace: JaegerTrace;
  before(async () => {
    jaeger = await startJaeger();
    shop = new Shop(jaeger.otlpUrl, { sample: 1, failShare: 0 });
    await shop.run.line(/^ready: 7 instances/);
    await until(
      async () => (await shop.page('b'.repeat(32), true)).body.includes('order: paid'),
      'a page that is whole',
    );
    assert.equal((await shop.page(traceId, true)).status, 200);
    trace = await jaeger.traceOf(traceId, WHOLE_PAGE.length);
  });
  after(async () => {
    await shop?.end();
    await jaeger?.stop();
  });

  test('is one trace of all hops', () => {
    const names = trace.spans.map((span) => nameOf(trace, span));
    assert.deepEqual(names.sort(), [...WHOLE_PAGE].sort());
  });

  test('has each span under the one that asked for it, up to the visitor', () => {
    const payments = trace.spans.find((span) => nameOf(trace, span) === 'payments client')!;
    assert.deepEqual(ancestry(trace, payments), [
      ...['payments client', 'payments server', 'orders client', 'orders server'],
      ...['orders client', 'orders server', 'storefront client', 'storefront server'],
      ...['storefront client', 'storefront server', 'load client', 'load server', CLIENT_SPAN],
    ]);
  });

  test('tells of the split: what was drawn, and for which shares', () => {
    const split = trace.spans.find((span) => tagOf(span, 'remora.split.draw') !== undefined)!;
    assert.equal(tagOf(split, 'remora.destination'), 'catalog.shop:80');
    assert.match(String(tagOf(split, 'remora.split.shares')), /catalog-v1\.shop:80.*100/);
    assert.equal(tagOf(split, 'remora.backend'), 'catalog-v1.shop:80');
  });
});

describe('a payment that fails, with no trace sampled', { skip }, () => {
  const traceId = 'f'.repeat(31).concat('2');
  let jaeger: Jaeger;
  let shop: Shop;
  let trace: JaegerTrace;
  let requestId = '';
  before(async () => {
    jaeger = await startJaeger();
    shop = new Shop(jaeger.otlpUrl, { sample: 0, failShare: 1 });
    await shop.run.line(/^ready: 7 instances/);
    const answer = await shop.page(traceId, false);
    assert.match(answer.body, /order: unknown/);
    requestId = String(answer.headers['x-request-id']);
    trace = await jaeger.traceOf(traceId, 14);
  });
  after(async () => {
    await shop?.end();
    await jaeger?.stop();
  });

  test('is kept with every ancestor, up to the visitor', () => {
    const failed = trace.spans.filter((span) => nameOf(trace, span) === 'payments client');
    assert.ok(failed.length > 0, 'payments has no span');
    for (const span of failed) {
      assert.equal(tagOf(span, 'http.response.status_code'), 503);
      assert.deepEqual(ancestry(trace, span), [
        ...['payments client', 'payments server', 'orders client', 'orders server'],
        ...['orders client', 'orders server', 'storefront client', 'storefront server'],
        ...['storefront client', 'storefront server', 'load client', 'load server', CLIENT_SPAN],
      ]);
    }
  });

  test('shows the failed attempt and the retry, each with its own hop below it', () => {
    const attempts = trace.spans.filter(
      (span) =>
        nameOf(trace, span) === 'orders client' && tagOf(span, 'remora.direction') === 'outbound',
    );
    assert.equal(attempts.length, 2);
    const resent = attempts.map((span) => tagOf(span, 'http.request.resend_count'));
    assert.deepEqual(resent.sort(), [1, undefined]);
    const reasons = attempts.map((span) => tagOf(span, 'remora.retry_reason'));
    assert.deepEqual(reasons.sort(), ['status', undefined]);
    for (const { spanID } of attempts) {
      assert.ok(trace.spans.some((span) => span.references[0]?.spanID === spanID));
    }
  });

  test('says why each span is there', () => {
    const reasonsOf = (name: string) =>
      trace.spans
        .filter((span) => nameOf(trace, span) === name)
        .map((span) => tagOf(span, 'remora.record_reason'));
    assert.deepEqual(reasonsOf('payments server'), ['failed', 'failed']);
    assert.deepEqual(new Set(reasonsOf('storefront server')), new Set(['marked']));
  });

  test('leaves out what had nothing to do with it', () => {
    const names = new Set(trace.spans.map((span) => nameOf(trace, span)));
    assert.ok(!names.has('cart client') && !names.has('catalog-v1 client'), [...names].join());
  });

  test('is told as a story by remora explain, from the visitor to payments', async () => {
    const control = await shop.run.place('control plane');
    const story = await shop.run.verb(['explain', requestId, '--control', control]);
    for (const part of [
      /load/,
      /storefront-0/,
      /orders-0/,
      /payments-0/,
      /tries this status again/,
      /503/,
    ]) {
      assert.match(story, part);
    }
  });
});

function edit(folder: string, file: string, what: RegExp, replacement: string): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  assert.match(text, what, file);
  writeFileSync(path, text.replace(what, replacement));
}

/** Service and kind. */
function nameOf(trace: JaegerTrace, span: JaegerSpan): string {
  return `${trace.processes[span.processID]!.serviceName} ${tagOf(span, 'span.kind')}`;
}

function tagOf({ tags }: JaegerSpan, key: string) {
  return tags.find((tag) => tag.key === key)?.value;
}

/** Names from a span up to the root, then the id that the root names as its parent. */
function ancestry(trace: JaegerTrace, from: JaegerSpan): string[] {
  const names: string[] = [];
  for (let span: JaegerSpan | undefined = from; span !== undefined; ) {
    names.push(nameOf(trace, span));
    const parent: string = span.references[0]?.spanID ?? '';
    span = trace.spans.find(({ spanID }) => spanID === parent);
    if (span === undefined) names.push(parent);
  }
  return names;
}
