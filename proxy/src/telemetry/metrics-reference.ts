/**
 * The reference page of metrics, from the registry itself: docs/metrics.md is this text.
 *
 * Pure. Held equal to the page by `proxy-metrics.test.ts`, which also writes it.
 */
import { limits } from '../limits.ts';
import type { MetricEntry } from './registry.ts';

const HEAD = `# Metrics

What a sidecar exposes at \`/metrics\`, on its metrics listener and on its loopback admin listener.
Metrics of requests bear Linkerd's names and labels, so that dashboards and canary tools made for it
work; everything else is \`remora_*\` or \`process_*\`. A label with an empty value is left out. Of
each metric at most ${limits.metricSeriesMax} series are kept: what comes later is counted in one
series whose labels are \`_overflow\`. A series that no configuration names is dropped after ten
minutes.

Generated from the code: \`REMORA_WRITE=1 node --test proxy/src/telemetry/proxy-metrics.test.ts\`.

| metric | type | labels | what it says |
|---|---|---|---|
`;

export function metricsReference(entries: readonly MetricEntry[]): string {
  const rows = entries.map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(' ');
    return `| \`${name}\` | ${type} | ${names} | ${help} |\n`;
  });
  return HEAD + rows.join('');
}
