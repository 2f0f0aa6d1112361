/**
 * What a query string orders of the access log, or what is wrong with it.
 *
 * Strict: a slip that was ignored would log everything, or nothing, and nobody would know why. Each
 * mistake is named with its place, what must stand there and an example.
 *
 * Pure. Called by `access-log-page.ts`; docs/access-log.md has the table below.
 */
import { nearestNames } from '@remora/api/nearest-names.ts';
import * as limits from '../limits.ts';
import type { AccessFilter } from '../telemetry/access-filter.ts';

export interface AccessOrder {
  readonly filter: AccessFilter;
  readonly forMs: number;
}

type Draft = { -readonly [field in keyof AccessFilter]: AccessFilter[field] } & {
  forMs: number;
  isDefault: boolean;
};

interface Parameter {
  readonly name: string;
  readonly must: string;
  readonly example: string;
  /** False: not understood. */
  take(text: string, draft: Draft): boolean;
}

const UNITS = { ms: 1, s: 1_000, m: 60_000 } as const;
const SECONDS = limits.accessFilterMs / 1_000;
const MINUTES_MAX = limits.accessFilterMsMax / 60_000;

export const ACCESS_PARAMETERS: readonly Parameter[] = [
  {
    name: 'mode',
    must: '`all`, `errors` or `default`; `all` unless said. A filter adds lines and hides none',
    example: 'mode=all',
    take(text, draft) {
      draft.isDefault = text === 'default';
      if (text === 'all' || text === 'errors') draft.mode = text;
      else return draft.isDefault;
      return true;
    },
  },
  {
    name: 'for',
    must: `how long, up to ${MINUTES_MAX}m: a whole number with ms, s or m; else ${SECONDS}s`,
    example: 'for=60s',
    take(text, draft) {
      draft.forMs = milliseconds(text);
      return draft.forMs > 0 && draft.forMs <= limits.accessFilterMsMax;
    },
  },
  {
    name: 'sample',
    must: 'the share of requests that are no errors: over 0, up to 1',
    example: 'sample=0.1',
    take(text, draft) {
      draft.sample = Number(text);
      return /^(0?\.\d{1,9}|1)$/.test(text) && draft.sample > 0;
    },
  },
  {
    name: 'rule',
    must: "the rule's id, whole, as /stats shows it",
    example: 'rule=canary/0',
    take(text, draft) {
      draft.rule = text;
      return text !== '';
    },
  },
  {
    name: 'status',
    must: 'a class, a code or a range of codes',
    example: 'status=5xx, status=503 or status=500-504',
    take(text, draft) {
      draft.status = statusRange(text);
      return draft.status !== null;
    },
  },
  {
    name: 'method',
    must: 'a method, in capitals',
    example: 'method=POST',
    take(text, draft) {
      draft.method = text;
      return /^[A-Z][A-Z-]*$/.test(text);
    },
  },
  {
    name: 'path',
    must: 'how the path begins, as it comes on the wire',
    example: 'path=/products',
    take(text, draft) {
      draft.path = text;
      return text.startsWith('/');
    },
  },
  {
    name: 'minDuration',
    must: 'the least that a request took: a whole number with ms, s or m',
    example: 'minDuration=250ms',
    take(text, draft) {
      draft.minDurationMs = milliseconds(text);
      return draft.minDurationMs > 0;
    },
  },
  {
    name: 'direction',
    must: '`inbound` or `outbound`',
    example: 'direction=inbound',
    take(text, draft) {
      if (text !== 'inbound' && text !== 'outbound') return false;
      draft.direction = text;
      return true;
    },
  },
];

const NAMES = ACCESS_PARAMETERS.map(({ name }) => name);

/** The order; null: what the proxy was started with, and no more; or what is wrong. */
export function readAccessOrder(query: string): AccessOrder | null | string {
  const draft: Draft = {
    ...{ mode: 'all', sample: 1, rule: null, status: null, method: null, path: null },
    ...{ minDurationMs: 0, direction: null, forMs: limits.accessFilterMs, isDefault: false },
  };
  const given = new Set<string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const text = equals < 0 ? '' : part.slice(equals + 1);
    const parameter = ACCESS_PARAMETERS.find((each) => each.name === name);
    if (parameter === undefined) return unknown(name);
    if (given.has(name)) return `${name} is given twice: give it once`;
    given.add(name);
    const value = decoded(text);
    if (value === null || !parameter.take(value, draft)) return mistaken(parameter, text);
  }
  if (given.size === 0) return `say what to log, such as ?mode=all&for=${SECONDS}s`;
  const { forMs, isDefault, ...filter } = draft;
  if (!isDefault) return { filter, forMs };
  return given.size === 1 ? null : 'mode=default ends all filters: give nothing beside it';
}

function unknown(name: string): string {
  const [nearest] = nearestNames(name, NAMES, 1);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `${name} is no parameter of the access log${hint} It takes ${NAMES.join(', ')}.`;
}

function mistaken({ name, must, example }: Parameter, text: string): string {
  return `${name}=${text} is not understood. It must be ${must}: ${example}`;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // A percent sign that no two hex digits follow, or no UTF-8.
  }
}

/** 0: no duration. `api/config/duration.ts` would bring zod along, megabytes of a sidecar. */
function milliseconds(text: string): number {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m)$/.exec(text) ?? [];
  return digits === undefined ? 0 : Number(digits) * UNITS[unit as keyof typeof UNITS];
}

function statusRange(text: string): AccessFilter['status'] {
  const [, hundreds] = /^([1-5])xx$/.exec(text) ?? [];
  if (hundreds !== undefined)
    return { from: Number(hundreds) * 100, to: Number(hundreds) * 100 + 99 };
  const [, first, last = first] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from <= to ? { from, to } : null;
}
