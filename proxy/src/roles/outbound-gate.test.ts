/** Who a connection is for, by what the control plane says of its address. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlWorld, destinationConfig, textOf } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import type { Address } from '../net/address.ts';
import { HandTime, ownSocket } from '../net/hand-fixture.ts';
import type { DownstreamServer } from '../net/downstream.ts';
import type { GateRefusal, Verdict } from '../net/intercepted.ts';
import { OwnPlaces } from '../net/own-places.ts';
import { OutboundGate } from './outbound-gate.ts';

const ORIGINAL = { address: '10.96.0.7', port: 80 };
const KEY = '10.96.0.7:80';
const SERVER = {} as DownstreamServer;

class Scene {
  readonly world = new ControlWorld();
  readonly time = new HandTime();
  readonly own = new OwnPlaces(this.time.clock);
  readonly said: string[] = [];
  readonly told: (Verdict | GateRefusal)[] = [];
  readonly gate = new OutboundGate(this.world.live, this.own, SERVER, this.time.wheel);

  constructor() {
    this.world.live.attach({
      isConnected: true,
      subscribe: (key) => this.said.push(key),
      unsubscribe: () => undefined,
    });
  }

  direct(
    original: Address | null = ORIGINAL,
    local = '127.0.0.1',
    remote: Address = { address: '127.0.0.1', port: 40_000 },
  ): this {
    const socket = { original, local: { address: local, port: 15_401 }, remote };
    this.gate.direct(socket, (verdict) => this.told.push(verdict));
    return this;
  }

  install(): void {
    const config = destinationConfig('catalog', { protocol: 'detect' });
    this.world.live.install(this.world.compile(config), { ...textOf(config), key: KEY });
  }

  get verdict(): Verdict {
    const [verdict] = this.told;
    assert.equal(this.told.length, 1);
    assert(typeof verdict === 'object');
    return verdict;
  }

  get isPassedThrough(): boolean {
    const { protocol, dst, target } = this.verdict;
    return protocol === 'opaque' && dst === 'unknown' && target === ORIGINAL;
  }
}

describe('the address of a connection', () => {
  test('is asked for, and is what its requests are for', () => {
    const scene = new Scene().direct();
    assert.deepEqual([scene.said, scene.told], [[KEY], []]);
    scene.install();
    const { protocol, dst, key, target } = scene.verdict;
    assert.deepEqual([protocol, dst, key, target], ['detect', 'catalog.shop:80', KEY, ORIGINAL]);
    assert.equal(scene.verdict.server(), SERVER);
    scene.direct();
    assert.deepEqual([scene.said.length, scene.told.length], [1, 2]);
  });

  test("that is nobody's is passed through, and stays asked for", () => {
    const scene = new Scene().direct();
    scene.world.live.markGone(KEY, []);
    assert.equal(scene.isPassedThrough, true);
    scene.told.length = 0;
    scene.direct();
    assert.equal(scene.isPassedThrough, true);
    assert.deepEqual(scene.said, [KEY]);
  });

  test('is passed through without an answer in time; one that comes later is for the next', () => {
    const scene = new Scene().direct();
    scene.time.advanceMs(limits.firstConfigTimeoutMs - 1);
    assert.deepEqual(scene.told, []);
    scene.time.advanceMs(2);
    assert.equal(scene.isPassedThrough, true);
    scene.install();
    assert.equal(scene.told.length, 1);
  });

  test('is passed through where too many wait already', () => {
    const scene = new Scene();
    const waiter = { configReady: () => undefined };
    for (let at = 0; at < limits.waitingForConfigMax; at++) {
      scene.world.live.request('busy.shop:80', waiter);
    }
    assert.equal(scene.direct().isPassedThrough, true);
  });

  test('is nowhere to pass bytes to where it is this proxy, or the connection is its own', () => {
    for (const own of ['listener', 'connection']) {
      const scene = new Scene();
      const original = { address: '127.0.0.1', port: 15_401 };
      if (own === 'listener') scene.own.listeners.add(15_401);
      else scene.own.keep(ownSocket(40_000, ORIGINAL));
      scene.direct(own === 'listener' ? original : ORIGINAL);
      assert.deepEqual([scene.verdict.key, scene.verdict.target], ['loop', null]);
      assert.deepEqual(scene.said, []);
    }
  });

  test('is asked for where the application shares a port of ours, towards another address', () => {
    const scene = new Scene();
    scene.own.keep(ownSocket(40_000, { address: '10.96.0.7', port: 81 }));
    scene.direct();
    assert.deepEqual(scene.said, [KEY]);
  });

  test('is missing where an application asks us by name; nobody else may', () => {
    const scene = new Scene().direct(null);
    assert.deepEqual([scene.verdict.key, scene.verdict.target], ['', null]);
    scene.direct(null, '10.244.0.2');
    assert.equal(scene.told[1], 'not_redirected');
  });
});
