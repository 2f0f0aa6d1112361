/**
 * A query of the control plane, read and checked. A kind that this proxy does not know is null, and
 * so is one with a wrong part: the control plane hears nothing and says so to whoever asked.
 * Ending the stream, as for other messages, was refused: a question must cost no configuration.
 *
 * Pure. Called by `control-messages.ts`.
 */
import { type ControlMessage, type ProxyQuery, wireLimits } from '@remora/api/wire.ts';
import { type Check, count, fields, flag, number, orNull, recordOf, text } from './shape.ts';

type QueryMessage = Extract<ControlMessage, { readonly type: 'query' }>;

const CHECKS: Readonly<Record<ProxyQuery['kind'], Check>> = {
  explain: fields({ requestId: text }),
  tap: fields({
    tapMs: number(0, wireLimits.answerMs),
    filter: fields({
      route: orNull(text),
      onlyFailed: flag,
      method: orNull(text),
      path: orNull(text),
    }),
  }),
  config: fields({}),
  stats: fields({}),
};

export function readQueryMessage(value: unknown): QueryMessage | null {
  try {
    const { id, query } = recordOf(value, 'query');
    count(id, 'id');
    const { kind } = recordOf(query, 'query');
    if (!Object.hasOwn(CHECKS, kind as string)) return null;
    CHECKS[kind as ProxyQuery['kind']](query, 'query');
    return { type: 'query', id: id as number, query: query as ProxyQuery };
  } catch {
    return null;
  }
}
