/** Claims about the shop as a local mesh: what a newcomer sees in the first minute. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/waiting.ts';
import { ask, DevRun, type ProcessLine, survivors, temporaryCopy } from './dev-run.ts';

const LIVE_MS_MAX = 1_000;
/** Twenty processes that compile themselves on two busy cores are soon overloaded, and refuse. */
const VISITS_PERIOD_MS = 60;
const OWN_LOAD_PER_SECOND = 5;
/** What a starved machine refuses is not the edit's fault; more than this is looked at. */
const OVERLOADED_SHARE_MAX = 0.25;
const WARM_UP_MS = 3_000;

interface Visit {
  readonly sentAtMs: number;
  readonly status: number;
  /** `v1`, `v2`, or `none` where the catalog could not be reached. */
  readonly version: string;
  /** Why a sidecar answered instead of the application; empty when none did. */
  readonly cause: string;
}

describe('the shop as a local mesh', () => {
  let run: DevRun;
  let door: string;
  let routeFile: string;
  const cleanUps: (() => void)[] = [];

  before(async () => {
    const folder = temporaryCopy('examples/shop', (end) => cleanUps.push(end));
    routeFile = join(folder, 'catalog-route.yaml');
    edit(join(folder, 'dev.yaml'), [
      ['ratePerSecond: 25', `ratePerSecond: ${OWN_LOAD_PER_SECOND}`],
    ]);
    run = new DevRun(folder);
    await run.line(/^ready: 7 instances/);
    door = await run.place('way in');
  });

  after(async () => {
    await run.end();
    for (const cleanUp of cleanUps) cleanUp();
  });

  test('proposes three things to try, each a command', async () => {
    const commands = () => run.lines.filter((line) => /^ {2}(sed|curl) /.test(line));
    await until(() => commands().length >= 3, 'three commands');
    assert.equal(commands().length, 3, run.lines.join('\n'));
  });

  test('shows a page made from every service', async () => {
    const { status, body } = await ask(door, 'http://storefront/');
    assert.equal(status, 200, body);
    assert.match(body, /Catalog v[12]/);
    assert.match(body, /In your cart: \d/);
    assert.match(body, /Your last order: (paid|unknown)/);
  });

  test('moves the split within a second of an edit, with no failed request', async () => {
    await sleep(WARM_UP_MS); // The mesh's own load.
    const sent = await sentConfigurations(run);
    const visits = new Visits(door);
    await sleep(300);
    const editedAtMs = performance.now();
    edit(routeFile, [
      ['weight: 90', 'weight: 0'],
      ['weight: 10', 'weight: 100'],
    ]);
    await run.line(/TrafficRoute shop\/catalog: applied by 1 of the 1 proxies that use it/, 5_000);
    await sleep(LIVE_MS_MAX + 500);
    const all = await visits.end();
    const late = all.filter(({ sentAtMs }) => sentAtMs > editedAtMs + LIVE_MS_MAX);
    assert.ok(all.length > 15 && late.length > 5, `only ${all.length} visits`);
    const failed = all.filter(({ status, version }) => status !== 200 || version === 'none');
    const overloaded = failed.filter(({ cause }) => cause === 'RMR_OVERLOADED');
    assert.deepEqual(
      failed.filter((visit) => !overloaded.includes(visit)),
      [],
    );
    assert.ok(
      overloaded.length <= OVERLOADED_SHARE_MAX * all.length,
      `${overloaded.length} of ${all.length} visits were refused as too many`,
    );
    assert.ok(
      all.some(({ version }) => version === 'v1'),
      'v1 was never used before the edit',
    );
    const used = late.filter((visit) => !overloaded.includes(visit));
    assert.deepEqual([...new Set(used.map(({ version }) => version))], ['v2']);

    const grown = await sentConfigurations(run);
    for (const [name, count] of grown) {
      const wanted = (sent.get(name) ?? 0) + (name === 'storefront-0' ? 1 : 0);
      assert.equal(count, wanted, `${name} was sent something`);
    }
  });

  test('reports a mistake with file, line, field and remedy, and keeps what was good', async () => {
    const good = readFileSync(routeFile, 'utf8');
    const at = good.split('\n').findIndex((line) => line.includes('weight: 0 ')) + 1;
    edit(routeFile, [['weight: 0', 'weight: lots']]);
    const field = 'spec\\.rules\\[0\\]\\.backends\\[0\\]\\.weight';
    const line = await run.line(new RegExp(`catalog-route\\.yaml:${at}:\\d+: .*${field}: `), 5_000);
    assert.match(line, /\. \S+/, 'there is no remedy');
    for (let count = 0; count < 20; count++) {
      const { headers } = await ask(door, 'http://storefront/');
      assert.equal(headers['x-catalog-version'], 'v2');
    }
    writeFileSync(routeFile, good);
    await run.line(/^No mistakes are left/, 5_000);
  });

  test('starts an application again that ended, and leaves it out meanwhile', async () => {
    const app = run.processes().find(({ command }) => command === 'node cart.js');
    assert.ok(app, 'no process of the cart was found');
    process.kill(app.pid, 'SIGKILL');
    await run.line(/cart-0 is down: application ended/, 5_000);
    await run.line(/cart-0 is ready again/, 10_000);
    const isBack = async () => /cart: \d/.test((await ask(door, 'http://storefront/')).body);
    await until(isBack, 'the cart on the page');
  });

  test('ends every process on Ctrl-C, with exit code 0', async () => {
    const processes = run.processes();
    assert.ok(processes.length > 15, `only ${processes.length} processes`);
    run.child.kill('SIGINT');
    assert.equal(await run.exitCode, 0);
    assert.deepEqual(survivors(processes), []);
  });
});

/** Visitors, one after another at a fixed pace, until told to end. */
class Visits {
  readonly #visits: Promise<Visit>[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(door: string) {
    this.#timer = setInterval(() => this.#visits.push(visit(door)), VISITS_PERIOD_MS);
  }

  end(): Promise<Visit[]> {
    clearInterval(this.#timer);
    return Promise.all(this.#visits);
  }
}

async function visit(door: string): Promise<Visit> {
  const sentAtMs = performance.now();
  const { status, headers } = await ask(door, 'http://storefront/');
  const version = String(headers['x-catalog-version']);
  return { sentAtMs, status, version, cause: String(headers['x-remora-error'] ?? '') };
}

function edit(file: string, changes: readonly (readonly [from: string, to: string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${from} is not in ${file}`);
    text = text.replace(from, to);
  }
  writeFileSync(file, text);
}

/** By proxy: how many configurations it has applied. */
async function sentConfigurations(run: DevRun): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { command } of run.processes() satisfies ProcessLine[]) {
    const [, name] = / --name (\S+) /.exec(command) ?? [];
    const [, address] = / --metrics (\S+)/.exec(command) ?? [];
    if (name === undefined || address === undefined) continue;
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const [, applied] = /^remora_config_versions_applied_total (\d+)/m.exec(text) ?? [];
    counts.set(name, Number(applied));
  }
  assert.equal(counts.size, 8, 'not every sidecar was found');
  return counts;
}
