import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EndpointConfig } from '@remora/api/wire.ts';
import { podNamed, serviceNamed, SIDECAR, sliceNamed, worldWith } from '../world-fixture.ts';
import { endpointsOf } from './endpoints.ts';

interface Conditions {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

function endpoint(name: string, address: string, conditions?: Conditions): object {
  return { addresses: [address], conditions, targetRef: { kind: 'Pod', name, namespace: 'shop' } };
}

/** Of the only Service, `catalog`, and its first port. */
function found(spec: object, ...objects: readonly object[]): readonly EndpointConfig[] {
  const world = worldWith(serviceNamed('catalog', spec), ...objects);
  const service = world.services.get('shop/catalog');
  const [port] = service?.spec.ports ?? [];
  assert.ok(service !== undefined && port !== undefined);
  return endpointsOf(world, service, port);
}

function names(spec: object, ...endpoints: readonly object[]): readonly string[] {
  const slice = sliceNamed('catalog-a', 'catalog', { endpoints });
  return found(spec, slice).map(({ instance }) => instance);
}

describe('the endpoints of a Service', () => {
  test('are the ready ones, and who does not say is ready', () => {
    const ready = endpoint('a', '10.0.0.1', { ready: true });
    const unready = endpoint('b', '10.0.0.2', { ready: false });
    assert.deepEqual(names({}, ready, unready, endpoint('c', '10.0.0.3')), ['a', 'c']);
  });

  test('are never those that are ending while one is ready', () => {
    const ending = endpoint('b', '10.0.0.2', { ready: false, serving: true, terminating: true });
    assert.deepEqual(names({}, endpoint('a', '10.0.0.1', { ready: true }), ending), ['a']);
  });

  test('are those that are ending and still serve, where no other is left', () => {
    const serving = endpoint('a', '10.0.0.1', { ready: false, serving: true, terminating: true });
    const done = endpoint('b', '10.0.0.2', { ready: false, serving: false, terminating: true });
    const starting = endpoint('c', '10.0.0.3', { ready: false, serving: false });
    assert.deepEqual(names({}, serving, done, starting), ['a']);
  });

  test('are all where the Service publishes those that are not ready', () => {
    const spec = { publishNotReadyAddresses: true };
    assert.deepEqual(names(spec, endpoint('a', '10.0.0.1', { ready: false })), ['a']);
  });

  test('count a pod once where the Service has two families, by the first of them', () => {
    const v4 = sliceNamed('v4', 'catalog', { endpoints: [endpoint('a', '10.0.0.1')] });
    const endpoints = [endpoint('a', 'fd00::1')];
    const v6 = sliceNamed('v6', 'catalog', { addressType: 'IPv6', endpoints });
    const addresses = (spec: object, ...slices: readonly object[]) => {
      return found(spec, ...slices).map(({ address }) => address);
    };
    assert.deepEqual(addresses({ ipFamilies: ['IPv4', 'IPv6'] }, v4, v6), ['10.0.0.1']);
    assert.deepEqual(addresses({ ipFamilies: ['IPv6', 'IPv4'] }, v4, v6), ['fd00::1']);
    assert.deepEqual(addresses({ clusterIPs: ['fd00::7', '10.96.0.7'] }, v4, v6), ['fd00::1']);
    // Written by hand, for a Service that says nothing.
    assert.deepEqual(addresses({}, v6), ['fd00::1']);
  });

  test('listen where their own slice says, when pods name their port differently', () => {
    const spec = { ports: [{ name: 'http', port: 80, targetPort: 'web' }] };
    const ports = (port: number) => [
      { name: 'other', port: 1 },
      { name: 'http', port, protocol: 'TCP' },
    ];
    const old = { ports: ports(8080), endpoints: [endpoint('a', '10.0.0.1')] };
    const young = { ports: ports(9090), endpoints: [endpoint('b', '10.0.0.2')] };
    const slices = [sliceNamed('a', 'catalog', old), sliceNamed('b', 'catalog', young)];
    assert.deepEqual(
      found(spec, ...slices).map(({ port }) => port),
      [8080, 9090],
    );
  });

  test('are in the mesh where the pod behind them has our sidecar', () => {
    const endpoints = [endpoint('with', '10.0.0.1'), endpoint('without', '10.0.0.2')];
    const pods = [podNamed('with', ['10.0.0.1'], SIDECAR), podNamed('without', ['10.0.0.2'])];
    const all = found({}, sliceNamed('a', 'catalog', { endpoints }), ...pods);
    assert.deepEqual(
      all.map(({ inMesh }) => inMesh),
      [true, false],
    );
  });

  test('of no slice are names that only DNS knows', () => {
    const endpoints = [{ addresses: ['example.com'] }];
    assert.deepEqual(found({}, sliceNamed('a', 'catalog', { addressType: 'FQDN', endpoints })), []);
  });
});

describe('property: the endpoints of a Service', () => {
  const conditions = fc.record({
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
  });

  test('are the same however its pods are spread over slices, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(conditions, fc.nat(2)), { maxLength: 6 }), (pods) => {
        const made = pods.map(([said], at) => endpoint(`p-${at}`, `10.0.0.${at + 1}`, said));
        const spread = [2, 0, 1].map((slice) => {
          const endpoints = made.filter((_, at) => pods[at]?.[1] === slice).toReversed();
          return sliceNamed(`s-${slice}`, 'catalog', { endpoints });
        });
        const whole = sliceNamed('s', 'catalog', { endpoints: made });
        assert.deepEqual(found({}, ...spread), found({}, whole));
      }),
    );
  });
});
