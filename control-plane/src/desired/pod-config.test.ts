import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BackendConfig, DestinationConfig } from '@remora/api/wire.ts';
import { podNamed, routeNamed, serviceNamed, worldWith } from '../world-fixture.ts';
import { destinationAt, podConfig } from './pod-config.ts';

const AT = { address: '10.244.0.5', port: 8080 };
const KEY = '10.244.0.5:8080';
const pod = podNamed('catalog-0', [AT.address], { labels: { app: 'catalog' } });
const headless = serviceNamed('catalog', {
  clusterIP: 'None',
  ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }],
});

function policyOf(target: string, inFlight: number): object {
  const metadata = { name: target, namespace: 'shop' };
  const spec = { targetRef: { name: target }, limits: { inFlight } };
  return { apiVersion: 'remora.dev/v1alpha1', kind: 'ResiliencePolicy', metadata, spec };
}

function configOf(...objects: readonly object[]): DestinationConfig {
  const config = podConfig(worldWith(...objects), AT, '');
  assert.ok(config !== null);
  return config;
}

function backendOf(config: DestinationConfig): BackendConfig {
  const backend = config.backends[KEY];
  assert.ok(backend !== undefined);
  return backend;
}

describe('what a pod’s own address leads to', () => {
  test('is that pod alone, past the routes of its Service', () => {
    const config = configOf(pod, headless, routeNamed('catalog', 'catalog'));
    assert.deepEqual([config.key, config.matches, config.rules], [KEY, null, []]);
    const [endpoint, ...others] = backendOf(config).endpoints;
    assert.deepEqual([endpoint?.address, endpoint?.port, others], ['10.244.0.5', 8080, []]);
    assert.equal(config.fallback.backends[0]?.backend, KEY);
  });

  test('is called as the one Service says that leads to its port', () => {
    const config = configOf(pod, headless, policyOf('catalog', 7));
    assert.equal(backendOf(config).limits.inFlightMax, 7);
    assert.equal(config.protocol, 'http');
  });

  test('is called as by default where two Services lead there, or to another port', () => {
    const spec = { selector: { app: 'catalog' }, ports: [{ port: 80, targetPort: 8080 }] };
    const two = configOf(pod, headless, serviceNamed('front', spec), policyOf('catalog', 7));
    assert.equal(backendOf(two).limits.inFlightMax, 1_024);
    const other = { ...headless, spec: { selector: { app: 'catalog' }, ports: [{ port: 80 }] } };
    const config = configOf(pod, other, policyOf('catalog', 7));
    assert.equal(backendOf(config).limits.inFlightMax, 1_024);
    assert.equal(config.protocol, 'detect');
  });

  test('is the younger of two pods, while the end of the older is not known', () => {
    const [older, younger] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].map((born, at) => {
      return podNamed(`pod-${at}`, [AT.address], { metadata: { creationTimestamp: born } });
    });
    assert.equal(configOf(older!, younger!).name, 'pod-1');
  });

  test('is nothing where the address is nobody’s', () => {
    assert.equal(podConfig(worldWith(headless), AT, ''), null);
  });
});

describe('what a cluster address leads to', () => {
  test('is the TCP port of that number, and nothing at any other', () => {
    const dns = { clusterIPs: ['10.96.0.9'], ports: [{ port: 53, protocol: 'UDP' }, { port: 80 }] };
    const world = worldWith(serviceNamed('dns', dns));
    assert.equal(destinationAt(world, { address: '10.96.0.9', port: 80 }), 'dns.shop:80');
    assert.equal(destinationAt(world, { address: '10.96.0.9', port: 53 }), null);
    assert.equal(destinationAt(world, { address: '10.96.0.8', port: 80 }), null);
  });
});
