/**
 * When `kubectl wait --for=condition=Applied` would return: watches the statuses of all routes.
 *
 * Not pure: a watch. Made by the question.
 */
import type { KubeClient } from '../../control-plane/src/kube/client.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { trafficRoutes } from '../../control-plane/src/kube/resource.ts';
import { Watch } from '../../control-plane/src/kube/watch.ts';
import { until } from '../../test/support/waiting.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
}

interface Route extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Seen {
  readonly generation: number;
  readonly atMs: number;
}

export class AppliedWatch {
  readonly #watch: Watch<Route>;
  /** By `namespace/name`: the newest generation that was seen applied, and when. */
  readonly #seen = new Map<string, Seen>();

  constructor(client: KubeClient) {
    this.#watch = new Watch<Route>(client, {
      resource: trafficRoutes,
      onReset: (routes) => {
        for (const route of routes) this.#look(route);
      },
      onEvents: (events) => {
        for (const { object } of events) this.#look(object);
      },
    });
  }

  async start(): Promise<void> {
    this.#watch.start();
    await this.#watch.synced;
  }

  /** Resolves with the instant at which that was seen. */
  async applied(route: string, generation: number, limitMs: number): Promise<number> {
    const isSeen = () => (this.#seen.get(route)?.generation ?? -1) >= generation;
    await until(isSeen, `${route} to be Applied in generation ${generation}`, limitMs);
    return this.#seen.get(route)!.atMs;
  }

  async close(): Promise<void> {
    await this.#watch.close();
  }

  #look({ metadata, status }: Route): void {
    const route = `${metadata.namespace}/${metadata.name}`;
    const applied = status?.conditions?.find(({ type }) => type === 'Applied');
    if (applied?.status !== 'True') return;
    const generation = applied.observedGeneration ?? 0;
    if (generation <= (this.#seen.get(route)?.generation ?? 0)) return;
    this.#seen.set(route, { generation, atMs: performance.now() });
  }
}
