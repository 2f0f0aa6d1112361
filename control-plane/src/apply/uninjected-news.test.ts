import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import type { News } from '../kube/events.ts';
import * as limits from '../limits.ts';
import type { World } from '../world.ts';
import { podNamed, worldWith } from '../world-fixture.ts';
import { UninjectedNews } from './uninjected-news.ts';

const metadata = { name: 'shop', labels: { 'remora.dev/inject': 'enabled' } };
const optedIn = { apiVersion: 'v1', kind: 'Namespace', metadata };
const pod = (name: string) => podNamed(name, [], { metadata: { uid: `uid-of-${name}` } });

describe('pods without a sidecar', () => {
  let core: { world: World };
  let told: News[];
  let mayTell: boolean;
  let news: UninjectedNews;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    core = { world: worldWith(pod('a')) };
    told = [];
    mayTell = true;
    const tell = (one: News) => {
      if (mayTell) told.push(one);
      return mayTell;
    };
    news = new UninjectedNews(core, { tell });
  });

  afterEach(() => {
    news.close();
    mock.timers.reset();
  });

  const names = () => told.map(({ regarding }) => regarding.metadata.name);

  test('are told each once, with the id by which kubectl describe finds its events', () => {
    core.world = worldWith(optedIn, pod('a'));
    news.changed();
    mock.timers.tick(limits.uninjectedLookMs);
    news.changed();
    assert.deepEqual(names(), ['a']);
    assert.equal(told[0]?.regarding.metadata.uid, 'uid-of-a');
  });

  test('are told though the last change of the world came just after a look', () => {
    news.changed();
    core.world = worldWith(optedIn, pod('a'));
    news.changed();
    assert.deepEqual(names(), []);
    mock.timers.tick(limits.uninjectedLookMs);
    assert.deepEqual(names(), ['a']);
  });

  test('that could not be told at once are told later, the others not again', () => {
    core.world = worldWith(optedIn, pod('a'));
    news.changed();
    core.world = worldWith(optedIn, pod('a'), pod('b'));
    mayTell = false;
    news.changed();
    mock.timers.tick(limits.uninjectedLookMs);
    mayTell = true;
    mock.timers.tick(limits.uninjectedLookMs);
    assert.deepEqual(names(), ['a', 'b']);
  });

  test('that are made anew under the same name are told anew', () => {
    core.world = worldWith(optedIn, pod('a'));
    news.changed();
    mock.timers.tick(limits.uninjectedLookMs);
    core.world = worldWith(optedIn, podNamed('a', [], { metadata: { uid: 'another' } }));
    news.changed();
    assert.deepEqual(names(), ['a', 'a']);
  });
});
