/**
 * Once a second: what every sidecar has counted, and what the folder's files say, for the view.
 *
 * Asking the sidecars' loopback pages is what a person with curl would do; nothing is pushed, so a
 * sidecar that nobody looks at does nothing for it. One that does not answer is left out of that
 * second.
 *
 * Owned by `mesh.ts`.
 */
import type { ControlPlane } from '../control-plane.ts';
import { WorldCompiler } from '../desired/compiler.ts';
import { readCounters } from './counters.ts';
import { RouteStats, type RuleCounters } from './route-stats.ts';
import { routeViews } from './route-views.ts';
import type { Sidecar } from './sidecar.ts';
import { SourceTexts } from './source-texts.ts';
import { type SourceText, triesFor } from './tries.ts';
import type { RouteView, Try } from './view-state.ts';

const PERIOD_MS = 1_000;
const ANSWER_TIMEOUT_MS = 900;

export class MeshNumbers {
  readonly #stats = new RouteStats();
  readonly #texts: SourceTexts;
  /** Destination and rule of all that was ever counted. */
  readonly #used = new Map<string, readonly [destination: string, rule: string]>();
  #sources: readonly SourceText[] = [];
  #routes: readonly RouteView[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastAtMs = performance.now();
  #isAsking = false;

  constructor(folder: string) {
    this.#texts = new SourceTexts(folder);
  }

  get routes(): readonly RouteView[] {
    return this.#routes;
  }

  triesWith(door: { readonly through: string; readonly url: string } | null): Try[] {
    return triesFor(this.#sources, door);
  }

  start(control: ControlPlane, namespace: string, sidecars: () => readonly Sidecar[]): void {
    const look = async () => {
      if (this.#isAsking) return;
      this.#isAsking = true;
      try {
        this.#sources = await this.#texts.read();
        this.#take(await countersOf(sidecars()), control, namespace);
      } catch {
        // The folder is away for a moment: what was seen last stays.
      } finally {
        this.#isAsking = false;
      }
    };
    this.#timer = setInterval(() => void look(), PERIOD_MS);
    void look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(
    counters: ReadonlyMap<string, readonly RuleCounters[]>,
    control: ControlPlane,
    namespace: string,
  ): void {
    const nowMs = performance.now();
    this.#stats.add(counters, (nowMs - this.#lastAtMs) / 1_000);
    this.#lastAtMs = nowMs;
    for (const { destination, rule, requests } of [...counters.values()].flat()) {
      if (requests > 0) this.#used.set(`${destination} ${rule}`, [destination, rule]);
    }
    const compiler = new WorldCompiler(control.world());
    const compile = (destination: string) => compiler.compile(destination, namespace);
    this.#routes = routeViews(this.#used.values(), compile, this.#stats);
  }
}

async function countersOf(sidecars: readonly Sidecar[]) {
  const counters = new Map<string, readonly RuleCounters[]>();
  await Promise.all(
    sidecars.map(async ({ adminUrl, spec }) => {
      try {
        const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
        const answer = await fetch(`${adminUrl}/stats`, { signal });
        if (answer.ok) counters.set(spec.name, readCounters(await answer.json()));
        else await answer.body?.cancel();
      } catch {
        // Starting, or ended: the instance's own line says so.
      }
    }),
  );
  return counters;
}
