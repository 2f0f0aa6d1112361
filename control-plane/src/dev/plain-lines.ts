/**
 * The view where nobody draws: into a file, a pipe, a CI log. What happens is a line when it
 * happens; what is measured is a few lines every five seconds.
 *
 * Pure but for what it remembers. Called by `screen.ts`.
 */
import { outcomeOf, problemLine } from '../files/problem.ts';
import { printable } from './line.ts';
import { msText, percentText } from './route-table.ts';
import type { RouteView, ViewEvent, ViewState } from './view-state.ts';

const REPORT_MS = 5_000;

export class PlainLines {
  #seenEvent: ViewEvent | undefined;
  #problems = '';
  #hasTold = false;
  #reportAtMs = REPORT_MS;

  /** The lines to print now. */
  next(state: ViewState): string[] {
    const lines = [...this.#newEvents(state.events), ...this.#newProblems(state)];
    const isReady = state.instances.every((instance) => instance.state === 'ready');
    if (isReady && !this.#hasTold) {
      this.#hasTold = true;
      lines.push(`ready: ${state.instances.length} instances of ${state.folder}`);
      for (const [name, address] of state.places) lines.push(`${name}: ${address}`);
      for (const [index, { what, command }] of state.tries.entries()) {
        lines.push(`try ${index + 1}, ${what}:`, `  ${command}`);
      }
    }
    if (state.upMs >= this.#reportAtMs) {
      this.#reportAtMs = state.upMs + REPORT_MS;
      lines.push(...state.routes.map(routeText));
    }
    return lines.map(printable);
  }

  #newEvents(events: readonly ViewEvent[]): string[] {
    const seen = this.#seenEvent === undefined ? -1 : events.lastIndexOf(this.#seenEvent);
    this.#seenEvent = events.at(-1) ?? this.#seenEvent;
    return events.slice(seen + 1).map(({ at, text }) => `${at} ${text}`);
  }

  #newProblems({ problems }: ViewState): string[] {
    const lines = problems.map(problemLine);
    const text = lines.join('\n');
    if (text === this.#problems) return [];
    const wasWrong = this.#problems !== '';
    this.#problems = text;
    return lines.length > 0 || wasWrong ? [...lines, outcomeOf(problems)] : [];
  }
}

function routeText(route: RouteView): string {
  const name = route.rule === '' ? route.destination : `${route.destination}/${route.rule}`;
  const success = route.successRatio === null ? '-' : percentText(route.successRatio);
  const times = `p50 ${msText(route.p50Ms)}, p99 ${msText(route.p99Ms)}`;
  const shares = route.shares
    .filter(() => route.shares.length > 1)
    .map(
      ({ backend, real, weight }) => `, ${backend} ${percentText(real ?? 0)} (weight ${weight})`,
    );
  const rate = `${route.requestsPerSecond.toFixed(1)} req/s`;
  return `${name}: ${rate}, ${success} ok, ${times}${shares.join('')}`;
}
