/**
 * The table of routes: one line per rule, and under a divided rule one line per backend with the
 * share it really got beside the weight that was asked for.
 *
 * Pure. Called by `view.ts`.
 */
import type { Line, Piece } from './line.ts';
import type { RouteView, ShareView } from './view-state.ts';

const NUMBERS = ['REQ/S', 'SUCCESS', 'P50', 'P99', 'ENDPOINTS'];
const WIDTHS = [8, 9, 9, 9, 11];
const NAME_COLUMNS_MIN = 20;
const BAR_COLUMNS_MAX = 40;

export function routeTable(routes: readonly RouteView[], columns: number): Line[] {
  const numbersWide = WIDTHS.reduce((sum, width) => sum + width, 0);
  const longest = Math.max(...routes.map((route) => nameOf(route).length), 0);
  const nameWide = Math.min(Math.max(longest + 2, NAME_COLUMNS_MIN), columns - numbersWide);
  const lines: Line[] = [
    [['ROUTE'.padEnd(nameWide), 'dim'], ...NUMBERS.map(cell).map((text): Piece => [text, 'dim'])],
  ];
  for (const route of routes) {
    lines.push(routeLine(route, nameWide));
    if (route.shares.length < 2) continue;
    const total = route.shares.reduce((sum, share) => sum + share.weight, 0);
    const names = Math.max(...route.shares.map((share) => share.backend.length));
    for (const share of route.shares) lines.push(shareLine(share, total, names, columns));
  }
  return lines;
}

function routeLine(route: RouteView, nameWide: number): Line {
  const endpoints = route.shares.reduce((sum, share) => sum + share.endpoints, 0);
  const success = route.successRatio;
  const percent = success === null ? '-' : percentText(success);
  return [
    [fit(nameOf(route), nameWide), 'bold'],
    cell(route.requestsPerSecond.toFixed(1), 0),
    [cell(percent, 1), success === null || success >= 0.9995 ? 'green' : shade(success)],
    cell(msText(route.p50Ms), 2),
    cell(msText(route.p99Ms), 3),
    [cell(String(endpoints), 4), endpoints === 0 ? 'alarm' : 'plain'],
  ];
}

function shareLine(share: ShareView, total: number, nameWide: number, columns: number): Line {
  const wanted = total === 0 ? 0 : share.weight / total;
  const real = share.real === null ? '-' : percentText(share.real);
  const text = `  ${share.backend.padEnd(nameWide)}  ${real.padStart(6)}`;
  const rest = ` wanted ${percentText(wanted).padStart(6)} (weight ${share.weight}) `;
  const barWide = Math.min(columns - text.length - rest.length - 4, BAR_COLUMNS_MAX);
  const filled = Math.max(0, Math.round((share.real ?? 0) * barWide));
  return [
    text,
    [rest, 'dim'],
    [share.endpoints === 0 ? 'no endpoint ' : '', 'alarm'],
    ['█'.repeat(filled), 'cyan'],
  ];
}

function shade(success: number): 'yellow' | 'red' {
  return success >= 0.9 ? 'yellow' : 'red';
}

function nameOf(route: RouteView): string {
  return route.rule === '' ? route.destination : `${route.destination}/${route.rule}`;
}

function fit(text: string, width: number): string {
  return text.length < width ? text.padEnd(width) : `${text.slice(0, width - 2)}… `;
}

function cell(text: string, index: number): string {
  return text.padStart(WIDTHS[index] ?? 0);
}

/** Never rounded up to 100%: one failed request of ten thousand must be seen. */
export function percentText(ratio: number): string {
  const tenths = ratio < 1 ? Math.min(Math.round(ratio * 1_000), 999) : 1_000;
  return `${(tenths / 10).toFixed(1)}%`;
}

export function msText(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
