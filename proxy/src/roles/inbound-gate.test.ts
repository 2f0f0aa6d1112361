/** Which port of the application a connection is for, and which policy that port has. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import { ControlWorld } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import type { DownstreamServer } from '../net/downstream.ts';
import { HandTime, ownSocket } from '../net/hand-fixture.ts';
import type { GateRefusal, Verdict } from '../net/intercepted.ts';
import { OwnPlaces } from '../net/own-places.ts';
import { Inbound } from './inbound.ts';
import { InboundGate } from './inbound-gate.ts';
import type { InboundPort } from './inbound-port.ts';

class Scene {
  readonly time = new HandTime();
  readonly own = new OwnPlaces(this.time.clock);
  readonly inbound: Inbound;
  readonly served: InboundPort[] = [];
  readonly gate: InboundGate;

  constructor() {
    const { metrics } = new ControlWorld();
    const seriesOf = (dst_port: string) => {
      const names = { dst_service: 'web', dst_namespace: 'shop', route: '', backend: '' };
      return metrics.bindRouteSeries({ direction: 'inbound', dst_port, ...names });
    };
    const { clock, wheel } = this.time;
    this.inbound = new Inbound('web-0', seriesOf, { clock, wheel, chance: () => 0.5 });
    this.gate = new InboundGate({
      ...{ inbound: this.inbound, own: this.own, name: 'web.shop' },
      serverOf: (port) => {
        this.served.push(port);
        return {} as DownstreamServer;
      },
    });
  }

  direct(port: number, address = '127.0.0.1', remotePort = 40_000): Verdict | GateRefusal {
    let told: Verdict | GateRefusal | null = null;
    const local = { address, port: 15_402 };
    const remote = { address: '127.0.0.1', port: remotePort };
    this.gate.direct({ local, remote, original: { address, port } }, (verdict) => (told = verdict));
    return told!;
  }

  serve(port: number, address?: string): DownstreamServer | null {
    const verdict = this.direct(port, address);
    assert(typeof verdict === 'object');
    return verdict.server();
  }

  get names(): readonly string[] {
    return Array.from(this.inbound.ports(), ({ backend }) => backend.key);
  }
}

describe('a port of the application', () => {
  test('is detected until its protocol is known, and made when it is first asked something', () => {
    const scene = new Scene();
    const verdict = scene.direct(8_080) as Verdict;
    assert.deepEqual([verdict.protocol, verdict.dst], ['detect', 'web.shop:8080']);
    assert.deepEqual(scene.names, []);
    assert.equal(verdict.server(), scene.serve(8_080));
    assert.deepEqual(scene.names, ['application:8080']);
    scene.inbound.apply({ ...scene.inbound.policy, protocols: new Map([[8_080, 'opaque']]) });
    assert.equal((scene.direct(8_080) as Verdict).protocol, 'opaque');
  });

  test('has the limits of the policy, those that come later too, and none of another port', () => {
    const scene = new Scene();
    scene.serve(8_080);
    const limitsOf = { ...inboundDefaults.limits, adaptive: false, inFlightMax: 7 };
    scene.inbound.apply({ ...scene.inbound.policy, limits: limitsOf });
    scene.serve(9_090);
    const [one, other] = [...scene.inbound.ports()];
    assert.deepEqual([one!.backend.admission.limit, other!.backend.admission.limit], [7, 7]);
    assert.notEqual(one!.backend.admission, other!.backend.admission);
    assert.deepEqual(
      [one!.series.labels.dst_port, other!.series.labels.dst_port],
      ['8080', '9090'],
    );
    scene.inbound.reset();
    assert.notEqual(one!.backend.admission.limit, 7);
  });

  test('at a second address of the pod is one of its own, with another name', () => {
    const scene = new Scene();
    assert.notEqual(scene.serve(8_080), scene.serve(8_080, '::1'));
    assert.deepEqual(scene.names, ['application:8080', 'application:8080 at ::1']);
  });

  test('is one too many after so many that nobody configured; a configured one never is', () => {
    const scene = new Scene();
    for (let port = 1; port <= limits.inboundPortsMax; port++) assert(scene.serve(port) !== null);
    assert.equal(scene.serve(8_080), null);
    assert.notEqual(scene.serve(1), null);
    scene.inbound.apply({ ...scene.inbound.policy, protocols: new Map([[8_080, 'http']]) });
    assert.notEqual(scene.serve(8_080), null);
  });
});

describe('a connection to a pod', () => {
  test('is refused where it comes to a listener of ours, or from ourselves', () => {
    const scene = new Scene();
    scene.own.listeners.add(15_403);
    assert.equal(scene.direct(15_403), 'loop');
    scene.own.keep(ownSocket(40_001, { address: '127.0.0.1', port: 8_080 }));
    assert.equal(scene.direct(8_080, '127.0.0.1', 40_001), 'loop');
  });

  test('is refused where it was made to our listener, or to an address of somebody else', () => {
    const scene = new Scene();
    const here = { address: '10.244.0.2', port: 15_402 };
    scene.gate.direct({ local: here, remote: here, original: null }, (verdict) => {
      assert.equal(verdict, 'not_redirected');
    });
    assert.equal(scene.direct(80, '203.0.113.9'), 'not_redirected');
  });
});

test('own addresses are those of the interfaces, looked up again after a while', () => {
  const time = new HandTime();
  const own = new OwnPlaces(time.clock);
  assert.equal(own.isOwn('203.0.113.9'), false);
  const outer = Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .find(({ internal }) => !internal);
  if (outer !== undefined) assert.equal(own.isOwn(outer.address), true);
  time.advanceMs(limits.ownAddressesMs);
  assert.equal(own.isOwn('203.0.113.9'), false);
});
