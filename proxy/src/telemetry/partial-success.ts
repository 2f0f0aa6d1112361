/**
 * What a collector that took a batch says it did not take of it: OTLP's `partialSuccess`.
 *
 * Collectors answer with protobuf, nothing, or text of their own as well: what is not this JSON
 * rejects nothing, since the status has said that the batch was taken.
 *
 * Pure. Called by `span-exporter.ts` for each 2xx.
 */

export interface Rejection {
  readonly spans: number;
  readonly why: string;
}

const NOTHING: Rejection = { spans: 0, why: '' };
const WHY_CHARACTERS_MAX = 200;

/** `sent`: no more can be rejected. */
export function rejection(body: string, sent: number): Rejection {
  if (!body.includes('rejectedSpans')) return NOTHING;
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return NOTHING;
  }
  const said = member(answer, 'partialSuccess');
  // 64 bits: as text by the book, as a number by many.
  const spans = Number(member(said, 'rejectedSpans'));
  if (!Number.isSafeInteger(spans) || spans <= 0) return NOTHING;
  const why = member(said, 'errorMessage');
  return {
    spans: Math.min(spans, sent),
    why: typeof why === 'string' ? why.slice(0, WHY_CHARACTERS_MAX) : '',
  };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
