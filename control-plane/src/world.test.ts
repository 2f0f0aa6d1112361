import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyWorld, foldWorld, type ObjectEvent, objectKey, type World } from './world.ts';
import { objectOf, podNamed, serviceNamed, worldWith } from './world-fixture.ts';
import { clusterEvents } from '../../test/support/cluster-events.ts';

function foldOneByOne(events: readonly ObjectEvent[]): World {
  return events.reduce((world, event) => foldWorld(world, [event]), emptyWorld);
}

/** The objects that are left, in the order of their names: the reference. */
function foldWhatIsLeft(events: readonly ObjectEvent[]): World {
  const left = new Map<string, ObjectEvent>();
  for (const event of events) {
    left.delete(objectKey(event.object));
    if (event.type === 'put') left.set(objectKey(event.object), event);
  }
  const sorted = [...left].sort(([a], [b]) => (a < b ? -1 : 1));
  return foldWorld(
    emptyWorld,
    sorted.map(([, event]) => event),
  );
}

/** As objects: how a map is ordered inside says nothing. */
function plain(world: World): unknown {
  return Object.fromEntries(
    Object.entries(world).map(([index, value]) => {
      return [index, value instanceof Map ? Object.fromEntries(value) : value];
    }),
  );
}

describe('property: a world', () => {
  test('is the same whatever happened on the way, and in however many folds', () => {
    fc.assert(
      fc.property(clusterEvents, (events) => {
        const wanted = plain(foldWhatIsLeft(events));
        assert.deepEqual(plain(foldOneByOne(events)), wanted);
        assert.deepEqual(plain(foldWorld(emptyWorld, events)), wanted);
      }),
    );
  });

  test('finds by address what a search of all objects finds', () => {
    fc.assert(
      fc.property(clusterEvents, fc.constantFrom('10.0.0.1', 'fd00::1'), (events, address) => {
        const world = foldOneByOne(events);
        const all = [...world.objects.values()];
        const services = all.filter((object) => {
          return object.kind === 'Service' && object.spec.clusterIPs?.includes(address);
        });
        const pods = all.filter((object) => {
          const isPod = object.kind === 'Pod' && object.status.addresses.includes(address);
          return isPod && object.status.phase === 'Running';
        });
        assert.deepEqual(new Set(world.servicesAt.get(address)), new Set(services));
        assert.deepEqual(new Set(world.podsAt.get(address)), new Set(pods));
      }),
    );
  });

  test('of before stays as it was', () => {
    fc.assert(
      fc.property(clusterEvents, clusterEvents, (before, events) => {
        const world = foldWorld(emptyWorld, before);
        const wanted = structuredClone(plain(world));
        foldWorld(world, events);
        assert.deepEqual(plain(world), wanted);
      }),
    );
  });
});

describe('a fold', () => {
  test('that changes nothing is the same world, and so is the going of what was not there', () => {
    const world = worldWith(serviceNamed('catalog'));
    const again = objectOf(serviceNamed('catalog'));
    assert.equal(foldWorld(world, [{ type: 'put', object: again }]), world);
    const other = objectOf(serviceNamed('cart'));
    assert.equal(foldWorld(world, [{ type: 'delete', object: other }]), world);
  });

  test('keeps the lists that no event is about', () => {
    const world = worldWith(serviceNamed('catalog'), serviceNamed('cart'));
    const object = objectOf(serviceNamed('cart', { ports: [{ port: 81 }] }));
    const after = foldWorld(world, [{ type: 'put', object }]);
    const key = 'shop/app=catalog';
    assert.equal(after.servicesSelecting.get(key), world.servicesSelecting.get(key));
    assert.equal(after.podsAt, world.podsAt);
  });
});

describe('an address', () => {
  test('is of no pod that shares it with its node, and of none that has ended', () => {
    const ended = { ...podNamed('job', ['10.0.0.1']), status: { phase: 'Succeeded' } };
    const world = worldWith(podNamed('agent', ['10.0.0.1'], { hostNetwork: true }), ended);
    assert.equal(world.podsAt.get('10.0.0.1'), undefined);
  });

  test('is of no Service that leads out of the cluster, or has none', () => {
    const world = worldWith(
      serviceNamed('outside', { type: 'ExternalName', clusterIPs: ['10.96.0.1'] }),
      serviceNamed('headless', { clusterIP: 'None', clusterIPs: ['None'] }),
      serviceNamed('old', { clusterIP: '10.96.0.2' }),
    );
    assert.deepEqual([...world.servicesAt.keys()], ['10.96.0.2']);
  });
});
