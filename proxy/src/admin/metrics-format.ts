/**
 * Which of the two formats of metrics a scraper asked for, by its Accept field (RFC 9110 §12.5.1).
 *
 * OpenMetrics only where it is named: a bare `*` is what people and old scripts send, and they
 * get the text that they know. Of what is named the better quality wins, and OpenMetrics where both
 * have the same, since it carries more. A version of it that is not ours is not named.
 *
 * Pure. Used by `metrics-page.ts`.
 */
import type { Format } from '../telemetry/exposition.ts';

/** 0.0.1 is what Prometheus called the draft; it is written in the same way. */
const VERSIONS = ['1.0.0', '0.0.1', ''];

export function formatFor(accept: string): Format {
  let open = 0;
  let text = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = qualityOf(parameters);
    if (type === 'application/openmetrics-text') {
      if (VERSIONS.includes(parameterOf(parameters, 'version'))) open = Math.max(open, quality);
    } else if (type === 'text/plain') text = Math.max(text, quality);
  }
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameterOf(parameters, 'q');
  const quality = text === '' ? 1 : Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

function parameterOf(parameters: readonly string[], name: string): string {
  const found = parameters.find((parameter) => parameter.startsWith(`${name}=`));
  return found?.slice(name.length + 1).replaceAll('"', '') ?? '';
}
