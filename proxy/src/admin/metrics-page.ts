/**
 * GET /metrics: everything in docs/metrics.md, as Prometheus text.
 *
 * The delay of the event loop is measured here, once a scrape: a timer of its own would wake an
 * idle sidecar many times a second.
 */
import { answerPieces, nextTurn, type Page } from './page.ts';

const MS_PER_SECOND = 1_000;

export const metricsPage: Page = {
  method: 'GET',
  path: '/metrics',
  async answer(world, answer) {
    const { metrics, clock } = world;
    const askedAtMs = clock.nowMs();
    await nextTurn();
    metrics.loopDelay.set((clock.nowMs() - askedAtMs) / MS_PER_SECOND);
    metrics.sweep();
    const pieces = metrics.registry.expose();
    await answerPieces(world, answer, 'text/plain; version=0.0.4; charset=utf-8', pieces);
  },
};
