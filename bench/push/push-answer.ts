/**
 * What was measured, as the rows and figures that a report and `bars.ts` read. Pure.
 */
import type { Column, Row } from '../questions/question.ts';
import { median, type Spread, spreadOf } from '../statistics.ts';
import type { ChangeFigures } from './changes.ts';
import { NARROW } from './mesh-objects.ts';
import { percentile } from './percentile.ts';
import type { PushResults } from './push.ts';
import type { ReconnectFigures } from './reconnects.ts';

export const PUSH_COLUMNS: readonly Column[] = [
  { key: 'medianMs', title: 'half of the proxies, ms', plotted: false },
  { key: 'lastMs', title: 'the last proxy, ms', plotted: true },
  { key: 'statusMs', title: 'condition Applied, ms', plotted: true },
  { key: 'cpuSeconds', title: 'CPU s', plotted: true },
  { key: 'stallMs', title: 'longest stall, ms', plotted: false },
  { key: 'tokenReviews', title: 'TokenReviews', plotted: false },
  { key: 'failures', title: 'failed connections', plotted: false },
];

export function pushRows({ size, wide, narrow, cuts, restarts }: PushResults): readonly Row[] {
  return [
    rowOfChanges(`a weight, ${size.services} interested`, wide),
    rowOfChanges(`a weight, ${NARROW} interested`, narrow),
    rowOfReconnects('all connections cut', cuts),
    rowOfReconnects('control plane killed', restarts),
  ];
}

/** Of several, the worst: a bar is for every one of them. */
export function pushFigures(results: PushResults): Readonly<Record<string, number | null>> {
  const { wide, narrow, restarts, cuts, residentMb, privateMb } = results;
  const { sidecarSmallMb, sidecarWholeMb } = results;
  const all = [...wide, ...narrow];
  const of = (pick: (one: ChangeFigures) => number) => all.map(pick).filter(Number.isFinite);
  const lastMs = of((one) => one.lastMs);
  const statusMs = of((one) => one.statusMs);
  return orNull({
    appliedP50Ms: percentile(lastMs, 0.5),
    appliedP99Ms: percentile(lastMs, 0.99),
    statusP99Ms: percentile(statusMs, 0.99),
    strayBytes: Math.max(...of((one) => one.strayBytes)),
    changeCpuSeconds: Math.max(...of((one) => one.cpuSeconds)),
    changeStallMs: Math.max(...of((one) => one.stallMs)),
    controlPlaneRssMb: residentMb,
    controlPlanePrivateMb: privateMb,
    reconnectAllMs: Math.max(...restarts.map((one) => one.allMs)),
    reconnectCutMs: Math.max(...cuts.map((one) => one.allMs)),
    reconnectCpuSeconds: Math.max(...restarts.map((one) => one.cpuSeconds)),
    sidecarSmallMeshMb: median(sidecarSmallMb),
    sidecarWholeMeshMb: median(sidecarWholeMb),
    sidecarGrowthMb: median(sidecarWholeMb) - median(sidecarSmallMb),
  });
}

function rowOfChanges(config: string, changes: readonly ChangeFigures[]): Row {
  const of = (pick: (one: ChangeFigures) => number) => spreadOf(changes.map(pick));
  return rowOf(config, {
    medianMs: of((one) => one.medianMs),
    lastMs: of((one) => one.lastMs),
    statusMs: of((one) => one.statusMs),
    cpuSeconds: of((one) => one.cpuSeconds),
    stallMs: of((one) => one.stallMs),
  });
}

function rowOfReconnects(config: string, turns: readonly ReconnectFigures[]): Row {
  const of = (pick: (one: ReconnectFigures) => number) => spreadOf(turns.map(pick));
  return rowOf(config, {
    medianMs: of((one) => one.medianMs),
    lastMs: of((one) => one.allMs),
    cpuSeconds: of((one) => one.cpuSeconds),
    stallMs: of((one) => one.stallMs),
    tokenReviews: of((one) => one.tokenReviews),
    failures: of((one) => one.failures),
  });
}

function rowOf(config: string, cells: Readonly<Record<string, Spread | null>>): Row {
  return { peer: 'Remora', config, cells };
}

function orNull(figures: Readonly<Record<string, number>>): Record<string, number | null> {
  const known = Object.entries(figures).map(([name, value]) => {
    return [name, Number.isFinite(value) ? value : null] as const;
  });
  return Object.fromEntries(known);
}
