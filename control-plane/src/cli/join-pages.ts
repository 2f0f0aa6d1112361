/**
 * Several replicas' answers to one question, as one: each proxy is connected to one of them, and
 * all of them know the same objects.
 *
 * Where one replica refuses, so does the whole: a part that looks like everything is believed.
 * Only a page of one proxy is somebody's alone, and the others' "not connected here" is no refusal.
 *
 * Pure. Called by `control-client.ts`.
 */
import { application } from '../desired/conditions.ts';
import type { RecordsPage } from '../publish/query-pages.ts';
import type { RouteStatus, Status } from '../status.ts';
import type { Page } from './control-client.ts';

const NOT_FOUND = 404;

/** At least one page. */
export function joinPages(path: string, pages: readonly Page<unknown>[]): Page<unknown> {
  const [first] = pages;
  if (first === undefined) throw new Error('nobody was asked');
  if (pages.length === 1) return first;
  if (path.startsWith('/v1/proxies/')) return joinOwned(pages, first);
  const refused = pages.find(({ refusal }) => refusal !== null);
  if (refused !== undefined) return refused;
  const bodies = pages.map(({ body }) => body);
  const body = path.startsWith('/v1/status')
    ? joinStatus(bodies as Status[])
    : joinRecords(bodies as RecordsPage[]);
  return { body, refusal: null };
}

function joinOwned(pages: readonly Page<unknown>[], first: Page<unknown>): Page<unknown> {
  const answered = pages.find(({ refusal }) => refusal === null);
  const failed = pages.find(({ refusal }) => refusal !== null && refusal.status !== NOT_FOUND);
  return answered ?? failed ?? first;
}

function joinRecords(pages: readonly RecordsPage[]): RecordsPage {
  const sum = (number: (page: RecordsPage) => number) => {
    return pages.reduce((total, page) => total + number(page), 0);
  };
  return {
    records: pages.flatMap(({ records }) => records),
    leftOut: sum(({ leftOut }) => leftOut),
    asked: sum(({ asked }) => asked),
    silent: pages.flatMap(({ silent }) => silent),
  };
}

function joinStatus(pages: readonly Status[]): Status {
  const routes = new Map<string, RouteStatus>();
  for (const route of pages.flatMap((page) => page.routes)) {
    const { kind, namespace, name, target } = route;
    const key = `${kind}/${namespace}/${name}/${target}`;
    const before = routes.get(key);
    routes.set(key, before === undefined ? route : joinRoute(before, route));
  }
  const problems = pages.flatMap((page) => page.problems);
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return {
    routes: [...routes.values()],
    proxies: pages.flatMap(({ proxies }) => proxies),
    problems: [...distinct.values()],
  };
}

/** Each replica counts its own proxies. */
function joinRoute(one: RouteStatus, other: RouteStatus): RouteStatus {
  const applied = {
    applied: one.applied.applied + other.applied.applied,
    interested: one.applied.interested + other.applied.interested,
    refused: [...one.applied.refused, ...other.applied.refused],
  };
  const conditions = one.conditions.map((condition) => {
    return condition.type === 'Applied' ? { ...condition, ...application(applied) } : condition;
  });
  return { ...one, applied, conditions };
}
