import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { skipWithoutApiServer } from '../cluster/machine/places.ts';
import { type KubeScene, startKubeScene } from '../support/kube-scene.ts';
import { Program } from '../support/processes.ts';
import { until } from '../support/waiting.ts';

const ROOT = join(import.meta.dirname, '../..');
const ELECTOR = relative(ROOT, fileURLToPath(import.meta.resolve('../support/elector.ts')));
const TAKEOVER_MS_MAX = 15_000;

interface Said {
  readonly leads?: boolean;
  readonly heard?: string;
  readonly why?: string;
  readonly atMs: number;
}

class Elector {
  readonly program: Program;

  constructor(file: string, lease: string, identity: string) {
    const args = [file, 'mesh', lease, identity];
    this.program = new Program(identity, ELECTOR, args);
  }

  get said(): Said[] {
    const lines = this.program.logs.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Said);
  }

  get leads(): boolean {
    return this.said.findLast(({ leads }) => leads !== undefined)?.leads ?? false;
  }

  async elected(limitMs = 30_000): Promise<number> {
    await until(() => this.leads, `${this.program.name} to lead: ${this.program.logs}`, limitMs);
    return this.said.findLast(({ leads }) => leads === true)!.atMs;
  }
}

describe('leader election', { skip: skipWithoutApiServer(), concurrency: true }, () => {
  let scene: KubeScene;
  const electors: Elector[] = [];

  before(async () => {
    scene = await startKubeScene();
    await scene.server.createNamespace('mesh');
  });

  after(async () => {
    for (const { program } of electors) await program.stop();
    await scene?.end();
  });

  async function start(lease: string, identity: string): Promise<Elector> {
    const elector = new Elector(scene.server.kubeconfigFile, lease, identity);
    electors.push(elector);
    await elector.program.ready();
    return elector;
  }

  test('replaces a leader that was killed, in less than 15 s', async (t) => {
    const first = await start('killed', 'killed-0');
    await first.elected();
    const second = await start('killed', 'killed-1');
    await sleep(3_000);
    assert.equal(second.leads, false);
    const killedAtMs = Date.now();
    first.program.signal('SIGKILL');
    const tookMs = (await second.elected()) - killedAtMs;
    t.diagnostic(`taken over after ${tookMs} ms`);
    assert.ok(tookMs < TAKEOVER_MS_MAX, `${tookMs} ms`);
  });

  test('a leader that stood still knows when it wakes that another leads', async (t) => {
    const first = await start('stopped', 'stopped-0');
    await first.elected();
    const second = await start('stopped', 'stopped-1');
    await sleep(3_000);
    const stoppedAtMs = Date.now();
    first.program.signal('SIGSTOP');
    const tookMs = (await second.elected()) - stoppedAtMs;
    t.diagnostic(`taken over after ${tookMs} ms`);
    assert.ok(tookMs < TAKEOVER_MS_MAX, `${tookMs} ms`);

    const wokenAtMs = Date.now();
    first.program.signal('SIGCONT');
    const heard = () => first.said.find(({ heard }) => heard === 'lost');
    await until(() => !first.leads && heard() !== undefined, 'the first to know', 10_000);
    const claims = first.said.filter(({ leads, atMs }) => leads === true && atMs >= wokenAtMs);
    assert.deepEqual(claims, []);
    await sleep(3_000);
    assert.equal(first.leads, false);
    assert.equal(second.leads, true);
  });

  test('a leader that ends in order is replaced within seconds', async (t) => {
    const first = await start('ended', 'ended-0');
    await first.elected();
    const second = await start('ended', 'ended-1');
    await sleep(3_000);
    const endedAtMs = Date.now();
    first.program.signal('SIGTERM');
    const tookMs = (await second.elected()) - endedAtMs;
    t.diagnostic(`taken over after ${tookMs} ms`);
    assert.ok(tookMs < 5_000, `${tookMs} ms`);
  });
});
