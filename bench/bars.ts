/**
 * The bars: what each figure has to be, once, and whether a run met it.
 *
 * A bar judges a figure by its name, whichever question measured it. A figure that is missing
 * fails: a bar that cannot be measured has not been met. Pure. Called by `bench.ts`.
 */

export interface Bar {
  readonly figure: string;
  readonly max: number;
  /** Where we want to be; not judged. */
  readonly aim?: number;
  readonly unit: string;
  readonly what: string;
}

export interface Verdict extends Bar {
  readonly value: number | null;
  readonly passed: boolean;
}

const bars: readonly Bar[] = [
  {
    figure: 'cpuRatioEnvoy',
    max: 0.38,
    aim: 0.3,
    unit: '×',
    what: "CPU per request at saturation, of Envoy's",
  },
  {
    figure: 'cpuRatioHaproxy',
    max: 1.4,
    unit: '×',
    what: "CPU per request at saturation, of HAProxy's",
  },
  {
    figure: 'cpuRatioEnvoy2000',
    max: 0.42,
    unit: '×',
    what: "CPU per request at 2,000/s, of Envoy's",
  },
  { figure: 'p99RatioEnvoy', max: 1, unit: '×', what: "p99 at 2,000/s, of Envoy's" },
  { figure: 'failedRequests', max: 0, unit: '', what: 'requests that failed in all rounds' },
  {
    figure: 'cpuPerByteRatioEnvoy1MiB',
    max: 1.2,
    unit: '×',
    what: "CPU per byte of 1 MiB bodies, of Envoy's",
  },
  {
    figure: 'cpuPerByteRatioEnvoy1GiB',
    max: 1.2,
    unit: '×',
    what: "CPU per byte of 1 GiB bodies, of Envoy's",
  },
  {
    figure: 'slowReaderGrowthMb',
    max: 20,
    unit: 'MB',
    what: 'growth of private memory with a reader 100 times slower',
  },
  { figure: 'failedBodies', max: 0, unit: '', what: 'bodies that ended early' },
  {
    figure: 'cpuRatioWide',
    max: 1.1,
    unit: '×',
    what: "CPU per request with 1,000 routes in the table, of the small table's",
  },
  {
    figure: 'swapStallMs',
    max: 5,
    unit: 'ms',
    what: 'longest turn of the loop around a swap of that table, in CPU time',
  },
  {
    figure: 'privateRatioEnvoy',
    max: 1.5,
    aim: 1,
    unit: '×',
    what: "private memory after load, of Envoy's",
  },
  { figure: 'rssMb', max: 75, unit: 'MB', what: 'resident memory after load' },
  { figure: 'idleRssMb', max: 60, unit: 'MB', what: 'resident memory when idle' },
  { figure: 'idleCpuPercent', max: 0.1, unit: '%', what: 'CPU when idle' },
  { figure: 'idleWakeUpsPerSecond', max: 2, unit: '/s', what: 'wake-ups when idle' },
  {
    figure: 'cpuRatioExplain',
    max: 1.02,
    unit: '×',
    what: 'CPU per request with 1% of requests recorded and nobody reading, of none recorded',
  },
  {
    figure: 'cpuRatioSampled',
    max: 1.02,
    unit: '×',
    what: 'CPU per request with 1% sent as spans, of none recorded',
  },
  {
    figure: 'cpuRatioAccessLog',
    max: 1.15,
    unit: '×',
    what: 'CPU per request with every request in the access log, of none recorded',
  },
  {
    figure: 'appliedP99Ms',
    max: 2_000,
    unit: 'ms',
    what: 'from a change by the API to the last interested proxy, p99',
  },
  {
    figure: 'strayBytes',
    max: 0,
    unit: '',
    what: 'bytes of a change to proxies that do not use it',
  },
  {
    figure: 'controlPlaneRssMb',
    max: 300,
    unit: 'MB',
    what: 'resident memory of the control plane, peak',
  },
  {
    figure: 'changeCpuSeconds',
    max: 5,
    unit: 's',
    what: 'CPU of the control plane in the 5 s from a change on',
  },
  {
    figure: 'reconnectAllMs',
    max: 30_000,
    unit: 'ms',
    what: 'from the death of the only control plane to the last proxy that is current again',
  },
  {
    figure: 'sidecarGrowthMb',
    max: 1,
    unit: 'MB',
    what: 'private memory of a proxy in the whole mesh over that in one of ten Services',
  },
  { figure: 'startMs', max: 300, unit: 'ms', what: 'start to /ready with a last-good snapshot' },
];

export function judge(figures: Readonly<Record<string, number | null>>): readonly Verdict[] {
  return bars
    .filter((bar) => bar.figure in figures)
    .map((bar) => {
      const value = figures[bar.figure] ?? null;
      return { ...bar, value, passed: value !== null && value <= bar.max };
    });
}
