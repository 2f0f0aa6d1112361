/**
 * The pages that people's questions are: `/v1/explain`, `/v1/tap`, `/v1/proxies/NAME/config` and
 * `/stats`. Each asks proxies and says which of them did not answer.
 *
 * A tap is one window, shorter than a query may last, so that its answer arrives; who wants more
 * asks again. A page with several proxies' records is bounded as a whole.
 *
 * Decides no sockets. Called by `config-server.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { type ProxyQuery, type TapFilter, wireLimits } from '@remora/api/wire.ts';
import { proxyNamed } from '../proxy-names.ts';
import * as limits from '../limits.ts';
import type { AskedProxy, ProxyQueries } from './proxy-queries.ts';
import { readRecords } from './record-shape.ts';

export const QUERY_PAGES = [
  '/v1/explain?id=REQUEST_ID',
  '/v1/tap?route=&failed=&method=&path=',
  '/v1/proxies/NAME/config',
  '/v1/proxies/NAME/stats',
] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Of a query's time, what its answer may take to arrive. */
const ARRIVAL_MS = 500;
export const TAP_MS = wireLimits.answerMs - ARRIVAL_MS;

export interface QueryWorld {
  /** By `namespace/name`. */
  readonly byName: ReadonlyMap<string, AskedProxy>;
  readonly queries: ProxyQueries;
}

export interface PageReply {
  readonly status: number;
  readonly body: unknown;
}

/** What `/v1/explain` and `/v1/tap` answer. */
export interface RecordsPage {
  readonly records: readonly RequestRecord[];
  /** At least so many more did not fit. */
  readonly leftOut: number;
  /** How many proxies were asked. */
  readonly asked: number;
  readonly silent: readonly { readonly proxy: string; readonly why: string }[];
}

/** What an error of these pages answers. */
export interface QueryError {
  readonly error: string;
  readonly nearest?: readonly string[];
}

/** Null: it is none of these pages. */
export function queryPage(target: string, world: QueryWorld): Promise<PageReply> | null {
  const at = target.indexOf('?');
  const path = at === -1 ? target : target.slice(0, at);
  const given = new URLSearchParams(at === -1 ? '' : target.slice(at));
  // What a proxy takes for no query it does not answer: said here at once.
  if (CONTROL.test([...given.values()].join(''))) {
    return Promise.resolve(refusal(400, 'No control characters, please'));
  }
  if (path === '/v1/explain') return explain(given, world);
  if (path === '/v1/tap') return tap(given, world);
  const [, name, page] = /^\/v1\/proxies\/(.+)\/(config|stats)$/.exec(path) ?? [];
  if (name === undefined) return null;
  return proxyPage(decoded(name), page === 'config' ? 'config' : 'stats', world);
}

async function explain(given: URLSearchParams, world: QueryWorld): Promise<PageReply> {
  const requestId = given.get('id') ?? '';
  if (requestId === '') return refusal(400, 'Which request? /v1/explain?id=REQUEST_ID');
  return await recordsPage(world, { kind: 'explain', requestId });
}

async function tap(given: URLSearchParams, world: QueryWorld): Promise<PageReply> {
  if (!world.queries.hasRoomForTap) {
    return refusal(429, `${wireLimits.tapsMax} taps are open, as many as there may be`);
  }
  const filter: TapFilter = {
    route: given.get('route') || null,
    onlyFailed: given.has('failed') && given.get('failed') !== 'false',
    method: given.get('method')?.toUpperCase() || null,
    path: given.get('path') || null,
  };
  return await recordsPage(world, { kind: 'tap', filter, tapMs: TAP_MS });
}

async function proxyPage(
  name: string,
  kind: 'config' | 'stats',
  { byName, queries }: QueryWorld,
): Promise<PageReply> {
  const key = proxyNamed(name, [...byName.keys()]);
  if (typeof key !== 'string') return { status: 404, body: key };
  const proxy = byName.get(key)!;
  if (!queries.hasRoomFor(1)) return tooMany();
  let page = refusal(504, `Proxy ${name} did not answer`);
  await queries.ask([proxy], { kind }, ({ answer, why }) => {
    if (answer !== null) page = { status: 200, body: answer };
    else page = refusal(504, `Proxy ${name} did not answer: ${why}`);
  });
  return page;
}

async function recordsPage({ byName, queries }: QueryWorld, query: ProxyQuery): Promise<PageReply> {
  if (!queries.hasRoomFor(byName.size)) return tooMany();
  const records: RequestRecord[] = [];
  const silent: { proxy: string; why: string }[] = [];
  let leftOut = 0;
  let room = limits.recordsPageBytesMax;
  await queries.ask([...byName.values()], query, ({ proxy, answer, why }) => {
    const read = answer === null ? null : readRecords(answer);
    if (read === null) {
      silent.push({ proxy, why: answer === null ? why : 'its answer cannot be read' });
      return;
    }
    leftOut += read.leftOut;
    for (const record of read.records) {
      if (room > 0) room -= JSON.stringify(record).length;
      if (room > 0) records.push(record);
      else leftOut++;
    }
  });
  const body: RecordsPage = { records, leftOut, asked: byName.size, silent };
  return { status: 200, body };
}

function tooMany(): PageReply {
  return refusal(503, `Over ${limits.queriesMax} queries wait for proxies; try again`);
}

function refusal(status: number, error: string): PageReply {
  const body: QueryError = { error };
  return { status, body };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
