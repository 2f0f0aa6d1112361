/** Claims about the stream, against a server on a real socket that says what a test wants. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ControlMessage,
  type DestinationConfig,
  type ProxyMessage,
  type ProxyQuery,
  WIRE_PATH,
  WIRE_UPGRADE,
  wireLimits,
} from '@remora/api/wire.ts';
import type { Destination } from '../routing/compiled.ts';
import {
  ControlWorld,
  destinationConfig,
  identity,
  plainTarget,
  ruleConfig,
  textOf,
} from './control-fixture.ts';
import type { Installer } from './installer.ts';
import { GONE, PENDING } from './live.ts';
import type { Queries } from './queries.ts';
import type { ConfigText } from './snapshot-format.ts';
import { Subscription } from './subscription.ts';

const KEY = 'catalog.shop:80';

class ControlServer {
  readonly heard: ProxyMessage[] = [];
  connections = 0;
  socket: Duplex | null = null;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket) => {
      assert.equal(request.url, WIRE_PATH);
      assert.equal(request.headers.upgrade, WIRE_UPGRADE);
      this.connections++;
      this.socket = socket;
      socket.on('error', () => undefined);
      socket.on('end', () => socket.destroy());
      const switching = 'HTTP/1.1 101 Switching Protocols';
      socket.write(`${switching}\r\nupgrade: ${WIRE_UPGRADE}\r\nconnection: upgrade\r\n\r\n`);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        const lines = (text + chunk.toString()).split('\n');
        text = lines.pop()!;
        for (const line of lines) this.heard.push(JSON.parse(line) as ProxyMessage);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  say(message: ControlMessage): void {
    this.socket!.write(`${JSON.stringify(message)}\n`);
  }

  put(config: DestinationConfig, version: string): void {
    this.say({ type: 'put', destination: config.key, version, config });
  }

  /** Resolves with the first message of this type that was not taken before. */
  async takes<T extends ProxyMessage['type']>(
    type: T,
  ): Promise<Extract<ProxyMessage, { type: T }>> {
    let at = -1;
    await until(() => (at = this.heard.findIndex((message) => message.type === type)) !== -1, type);
    return this.heard.splice(at, 1)[0] as Extract<ProxyMessage, { type: T }>;
  }

  async close(): Promise<void> {
    this.socket?.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (condition()) return;
    await sleep(5);
  }
  assert.fail(`no ${what} in time`);
}

describe('a proxy on the stream', () => {
  let server: ControlServer;
  let world: ControlWorld;
  let subscription: Subscription;
  const told: (Destination | null)[] = [];
  const waiter = { configReady: (destination: Destination | null) => void told.push(destination) };

  beforeEach(async () => {
    told.length = 0;
    server = new ControlServer();
    await server.listen();
    world = new ControlWorld();
    const { live, installer, metrics, clock, log } = world;
    subscription = new Subscription({
      ...{ control: plainTarget(server.url), identity, live, installer, metrics, clock, log },
      chance: () => 0,
      hasInbound: false,
    });
    live.attach(subscription);
  });

  afterEach(async () => {
    subscription.stop();
    await server.close();
  });

  test('says who it is, asks at first use, applies what comes, and says so', async () => {
    subscription.start();
    const hello = await server.takes('hello');
    assert.deepEqual([hello.protocol, hello.proxy, hello.known], [1, identity, {}]);
    server.say({ type: 'welcome', protocol: 1, controlPlane: 'test' });
    assert.equal(world.live.request(KEY, waiter), PENDING);
    assert.equal((await server.takes('subscribe')).destination, KEY);
    server.put(destinationConfig('catalog'), 'v1');
    assert.deepEqual(await server.takes('applied'), {
      type: 'applied',
      destination: KEY,
      version: 'v1',
    });
    assert.equal(told[0]?.key, KEY);
    assert.equal(subscription.wasWelcome, true);
  });

  test('answers queries, and holds up no configuration for one that takes its time', async () => {
    const gate = Promise.withResolvers<string>();
    const queries = {
      answerLine: async (id: number, { kind }: ProxyQuery) =>
        kind === 'stats' ? `{"type":"answer","id":${id},"answer":{}}\n` : await gate.promise,
    } as Queries;
    subscription.stop();
    const { live, installer, metrics, clock, log } = world;
    subscription = new Subscription({
      ...{
        control: plainTarget(server.url),
        identity,
        live,
        installer,
        metrics,
        clock,
        log,
        queries,
      },
      chance: () => 0,
      hasInbound: false,
    });
    live.attach(subscription);
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    server.say({ type: 'query', id: 1, query: { kind: 'config' } });
    server.say({ type: 'query', id: 2, query: { kind: 'stats' } });
    server.put(destinationConfig('catalog'), 'v1');
    await server.takes('applied');
    assert.equal((await server.takes('answer')).id, 2);
    gate.resolve('{"type":"answer","id":1,"answer":null,"why":"late"}\n');
    assert.deepEqual(await server.takes('answer'), {
      ...{ type: 'answer', id: 1, answer: null, why: 'late' },
    });
  });

  test('asks for what was wanted before the stream was open', async () => {
    world.live.request(KEY, waiter);
    subscription.start();
    assert.equal((await server.takes('subscribe')).destination, KEY);
  });

  test('refuses what does not compile, with the reason, and keeps the last good', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    server.put(destinationConfig('catalog'), 'v1');
    await server.takes('applied');
    const broken = destinationConfig('catalog', { fallback: ruleConfig('default', 'nowhere') });
    server.put(broken, 'v2');
    const refused = await server.takes('refused');
    assert.equal(refused.version, 'v2');
    assert.match(refused.reason, /nowhere.shop:80/);
    assert.equal(world.live.lookup(KEY)?.version, 'v1');
    assert.equal(world.metrics.configRefused.value, 1);
  });

  test('learns that a destination is gone, and takes it up when it comes after all', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    server.say({ type: 'gone', destination: KEY, nearest: ['cart.shop:80'] });
    await until(() => told.length > 0, 'answer');
    assert.equal(told[0], null);
    assert.equal(world.live.request(KEY, waiter), GONE);
    assert.deepEqual(world.live.nearest(KEY), ['cart.shop:80']);
    server.put(destinationConfig('catalog'), 'v1');
    await server.takes('applied');
    assert.equal(world.live.lookup(KEY)?.version, 'v1');
  });

  test('keeps what it learned while the stream is down, and names it when it is back', async () => {
    subscription.start();
    await server.takes('hello');
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    server.put(destinationConfig('catalog'), 'v1');
    await server.takes('applied');
    server.socket!.destroy();
    await until(() => world.metrics.configConnected.value === 0, 'end of the stream');
    assert.equal(world.live.lookup(KEY)?.version, 'v1');
    assert.deepEqual((await server.takes('hello')).known, { [KEY]: 'v1' });
    assert.equal((await server.takes('subscribe')).destination, KEY);
    server.say({ type: 'current', destination: KEY, version: 'v1' });
    server.put(destinationConfig('catalog'), 'v2');
    assert.equal((await server.takes('applied')).version, 'v2');
    assert.equal(server.connections, 2);
  });

  test('never lets a version of a stream that has ended replace one of the next', async () => {
    subscription.stop();
    const gates = [Promise.withResolvers<void>(), null];
    const { live, installer, metrics, clock, log } = world;
    const slow = {
      install: async (text: ConfigText, wanted: () => boolean) => {
        await gates.shift()?.promise;
        return await installer.install(text, wanted);
      },
    } as Installer;
    subscription = new Subscription({
      ...{ control: plainTarget(server.url), identity, live, installer: slow, metrics, clock, log },
      chance: () => 0,
      hasInbound: false,
    });
    live.attach(subscription);
    const [first] = gates;
    live.request(KEY, waiter);
    subscription.start();
    await server.takes('subscribe');
    server.put(destinationConfig('catalog'), 'v1');
    await until(() => gates.length === 1, 'work on v1');
    server.socket!.destroy();
    await server.takes('subscribe');
    server.put(destinationConfig('catalog'), 'v2');
    await server.takes('applied');
    first!.resolve();
    await sleep(0);
    assert.equal(live.lookup(KEY)?.version, 'v2');
  });

  test('refuses a configuration of another shape, and names the field', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    const config = destinationConfig('catalog');
    const balancer = { ...config.backends[KEY]!.balancer, type: 'random' };
    const newer = { ...config, backends: { [KEY]: { ...config.backends[KEY], balancer } } };
    server.put(newer as unknown as DestinationConfig, 'v1');
    const { reason } = await server.takes('refused');
    assert.match(reason, /^backends\["catalog.shop:80"\]\.balancer\.type is "random", expected/);
    const none = null as unknown as DestinationConfig;
    server.say({ type: 'put', destination: KEY, version: 'v2', config: none });
    assert.match((await server.takes('refused')).reason, /^configuration is null, expected/);
    assert.equal(world.live.lookup(KEY), null);
  });

  test('ignores a put that nobody wants any more', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    world.live.drop(KEY);
    await server.takes('unsubscribe');
    server.put(destinationConfig('catalog'), 'v1');
    server.say({ type: 'gone', destination: KEY, nearest: [] });
    world.live.request('cart.shop:80', waiter);
    server.put(destinationConfig('cart'), 'v1');
    assert.equal((await server.takes('applied')).destination, 'cart.shop:80');
    assert.equal(world.live.has(KEY), false);
  });

  test('ignores a message of a later version', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    server.socket!.write('{"type":"prophecy","about":[1,2]}\n');
    server.put(destinationConfig('catalog'), 'v1');
    await server.takes('applied');
    assert.equal(server.connections, 1);
  });

  for (const [what, bytes] of [
    ['is no JSON', 'nonsense\n'],
    ['has no type', '{"destination":"a"}\n'],
    ['is over the bound', 'x'.repeat(wireLimits.lineBytesMax + 1)],
  ] as const) {
    test(`ends a stream on which a line ${what}, and comes back`, async () => {
      subscription.start();
      await server.takes('hello');
      server.socket!.write(bytes);
      await server.takes('hello');
      assert.equal(server.connections, 2);
    });
  }

  test('drops a stream that has been silent for too long', async () => {
    subscription.start();
    await server.takes('hello');
    world.clock.advanceMs(wireLimits.silenceMs + 1);
    subscription.beat();
    await server.takes('hello');
    assert.equal(server.connections, 2);
  });

  test('pings, so that it is not dropped itself', async () => {
    subscription.start();
    await server.takes('hello');
    subscription.beat();
    await server.takes('ping');
  });

  test('tries again where nobody listens, and logs the outage once', async () => {
    await server.close();
    subscription.start();
    await until(() => world.metrics.configConnects.value >= 3, 'third attempt');
    assert.equal(world.log.count(/no control plane/), 1);
  });

  test('loads what a regular expression needs', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    const match = {
      rule: 0,
      path: { type: 'regex', value: '^/items/[0-9]+$' },
      method: null,
      headers: [],
      query: [],
      source: null,
    } as const;
    const rules = [ruleConfig('by-regex', 'catalog')];
    server.put(destinationConfig('catalog', { matches: [match], rules }), 'v1');
    await server.takes('applied');
    server.put(
      destinationConfig('catalog', {
        matches: [{ ...match, path: { type: 'regex', value: '(' } }],
        rules,
      }),
      'v2',
    );
    assert.match((await server.takes('refused')).reason, /\(/);
  });

  test('keeps the text of what it applied, however large, byte for byte', async () => {
    subscription.start();
    world.live.request(KEY, waiter);
    await server.takes('subscribe');
    const rules = Array.from({ length: 1_000 }, (_, i) => ruleConfig(`rule-${i}`, 'catalog'));
    const config = destinationConfig('catalog', { matches: [], rules });
    server.put(config, 'v1');
    await server.takes('applied');
    const { text } = textOf(config);
    assert.deepEqual([...world.live.texts()], [{ key: KEY, version: 'v1', text }]);
  });
});
