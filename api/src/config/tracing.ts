/**
 * Which requests have spans, and where these go: of a MeshConfig, for the sidecars of applications.
 *
 * A collector is spoken to in plain HTTP, on this machine or in the mesh, and goes on from there:
 * a sidecar that kept TLS sessions with a vendor would be one more thing to secure in every pod.
 * Every field is one that a proxy can also be started with, and says more than that.
 *
 * Pure. Used by `mesh-config.ts`.
 */
import { z } from 'zod';
import { tracingDefaults } from '../tracing-defaults.ts';
import { duration } from './duration.ts';
import { decimal, text } from './setting.ts';

const HOUR_MS = 3_600_000;
const URL_CHARACTERS_MAX = 512;
/** A host name, an address or one in brackets; a port; a path. */
const COLLECTOR =
  /^http:[/][/]([-.A-Za-z0-9]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/][-._~%A-Za-z0-9/]*)?$/;

export const tracing = z
  .object({
    collector: text({
      pattern: COLLECTOR,
      lengthMax: URL_CHARACTERS_MAX,
      what: 'an http URL without user, query and fragment',
      example: 'http://jaeger-collector.observability:4318',
      default: 'none',
      doc: 'Where spans are sent, by OTLP over HTTP; /v1/traces is added.',
      refuse: (url) => (URL.canParse(url) ? null : 'is no URL'),
    }).optional(),
    sample: decimal({
      min: 0,
      max: 1,
      default: tracingDefaults.sampleRatio,
      doc: 'The share of new traces that is exported; what failed or was slow is in any case.',
    }).optional(),
    slow: duration({
      minMs: 1,
      maxMs: HOUR_MS,
      defaultMs: tracingDefaults.slowMs,
      doc: 'A request that takes so long is kept like a failed one.',
    }).optional(),
  })
  .meta({
    description:
      'Which requests have spans, and where these go. Acts at once, on sidecars of applications; ' +
      'what is left out is as the proxy was started.',
  })
  .transform(({ collector, sample, slow }) => ({
    collector,
    sampleRatio: sample,
    slowMs: slow,
  }));
