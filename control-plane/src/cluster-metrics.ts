/**
 * What the control plane counts of itself, for Prometheus: proxies, objects, who leads, what a new
 * world costs, how reviews ended, and the process.
 *
 * Not pure: gauges read the core when they are asked. Made by `cluster.ts`.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Core } from './core.ts';
import { uninjectedPods } from './desired/uninjected.ts';
import type { Judged } from './webhook/server.ts';

const MS = 1_000;

export class ClusterMetrics {
  readonly #registry = new Registry();
  readonly #reviews: Counter<'path' | 'outcome'>;
  readonly #reviewSeconds: Histogram<'path'>;

  constructor(core: Core, isLeader: () => boolean) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#gauge('remora_control_proxies', 'Proxies connected to this replica.', () => {
      return core.server.proxies().length;
    });
    this.#gauge('remora_control_objects', 'Objects read from the API server.', () => {
      return core.world.objects.size;
    });
    this.#gauge('remora_control_problems', 'Objects, or fields of them, not in force.', () => {
      return core.problems.length;
    });
    this.#gauge('remora_control_pods_not_injected', 'Pods without the sidecar asked for.', () => {
      return uninjectedPods(core.world).length;
    });
    this.#gauge('remora_control_leader', '1 where this replica writes statuses.', () => {
      return Number(isLeader());
    });
    this.#gauge('remora_control_world_seconds', 'What the last new world cost.', () => {
      return core.lastWorldMs / MS;
    });
    this.#reviews = new Counter({
      name: 'remora_control_reviews_total',
      help: 'Admission reviews by webhook and how they ended.',
      labelNames: ['path', 'outcome'],
      registers,
    });
    this.#reviewSeconds = new Histogram({
      name: 'remora_control_review_seconds',
      help: 'How long an admission review took.',
      labelNames: ['path'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2],
      registers,
    });
  }

  judged({ path, outcome, tookMs }: Judged): void {
    this.#reviews.inc({ path, outcome });
    this.#reviewSeconds.observe({ path }, tookMs / MS);
  }

  page(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers: [this.#registry] },
      collect: () => gauge.set(read()),
    });
  }
}
