/**
 * The proxy's command line: what may be given, and what is wrong with what was given.
 *
 * Pure. Called by `main.ts`. Defaults are none: a sidecar is started by injection or by the local
 * mesh, and both say everything.
 */
import { parseArgs } from 'node:util';
import { destinationKey } from '@remora/api/destination.ts';
import { tracingDefaults } from '@remora/api/tracing-defaults.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import type { AppPage } from './admin/app-metrics.ts';
import type { ProbeTargets } from './admin/probe-page.ts';
import type { ControlTarget } from './control/control-dial.ts';
import type { ConfigText } from './control/snapshot-format.ts';
import type { ListenAddress } from './net/listener.ts';
import type { AccessLogOptions } from './telemetry/access-log.ts';

export const USAGE = `usage: remora-proxy --name NAME --namespace NS --workload WORKLOAD [options]
       remora-proxy drain [--admin HOST:PORT] [--wait SECONDS]

  --outbound HOST:PORT   requests of the application arrive here
  --inbound HOST:PORT    requests for the application arrive here; needs --app or --intercept
  --app HOST:PORT        the application beside this proxy
  --intercept            connections are turned aside to here, each for where it was going
  --app-metrics PORT/PATH  its own metrics, shown behind ours at /metrics
  --admin HOST:PORT      loopback: /config /stats /drain
  --metrics HOST:PORT    /live /ready /metrics /probe
  --probe-ports PORTS    of the application, that /probe may try, such as 8080,9000
  --app-host HOST        where /probe looks for it (default: the address that the probe came to)
  --front SERVICE        every outbound request is for this Service, whatever its Host
  --control URL          the control plane's stream, http://HOST:PORT or https://HOST:PORT
  --control-ca CA        with https: who signs its certificate: a file, or --control-ca=PEM
  --control-token FILE   with https: what proves to it who this proxy is
  --snapshot FILE        configuration from a file, watched
  --access-log MODE      errors, all or none: a line for a request (default: errors)
  --access-log-sample R  of good requests, where all have one, 0 to 1 (default: 1)
  --traces URL           an OpenTelemetry collector that takes OTLP over HTTP, http://HOST:PORT
  --sample RATIO         of new traces that are exported, 0 to 1 (default: 0.01)
  --slow MS              a request that takes so long is kept like a failed one (default: 1000)
  --last-good FILE       where applied configuration is kept, and read at start

HOST:PORT with port 0 takes a free one; the ready line says which.
`;

export interface ProxyOptions {
  readonly identity: ProxyIdentity;
  readonly outbound: ListenAddress | null;
  readonly inbound: ListenAddress | null;
  readonly app: ListenAddress | null;
  /** Whether what arrives was turned aside by the kernel, and has an original destination. */
  readonly intercept: boolean;
  readonly appMetrics: AppPage | null;
  readonly admin: ListenAddress | null;
  readonly metrics: ListenAddress | null;
  /** Key of the destination of every outbound request; null: as its authority says. */
  readonly front: string | null;
  /** What /probe may try. */
  readonly probes: ProbeTargets;
  readonly control: ControlTarget | null;
  readonly snapshot: string | null;
  readonly lastGood: string | null;
  /** In force from the start, beside what the files hold; of a command line: none. */
  readonly destinations: readonly ConfigText[];
  readonly accessLog: AccessLogOptions;
  /** Where spans are sent; null: nowhere. */
  readonly traces: string | null;
  /** 0 to 1, of traces that begin here. */
  readonly sampleRatio: number;
  readonly slowMs: number;
}

const FLAGS = {
  name: { type: 'string' },
  namespace: { type: 'string' },
  workload: { type: 'string' },
  outbound: { type: 'string' },
  inbound: { type: 'string' },
  app: { type: 'string' },
  intercept: { type: 'boolean' },
  'app-metrics': { type: 'string' },
  admin: { type: 'string' },
  metrics: { type: 'string' },
  front: { type: 'string' },
  'probe-ports': { type: 'string' },
  'app-host': { type: 'string' },
  control: { type: 'string' },
  'control-ca': { type: 'string' },
  'control-token': { type: 'string' },
  snapshot: { type: 'string' },
  'last-good': { type: 'string' },
  'access-log': { type: 'string' },
  'access-log-sample': { type: 'string' },
  traces: { type: 'string' },
  sample: { type: 'string' },
  slow: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** The options, or what is wrong with them, or 'help'. */
export function parseFlags(args: readonly string[]): ProxyOptions | string {
  let given: ReturnType<typeof readFlags>;
  try {
    given = readFlags(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (given.help === true) return 'help';
  try {
    return toOptions(given);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readFlags(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
}

function toOptions(given: ReturnType<typeof readFlags>): ProxyOptions {
  const name = given.name ?? 'proxy';
  const options: ProxyOptions = {
    identity: {
      name,
      namespace: given.namespace ?? 'default',
      workload: given.workload ?? name,
    },
    outbound: address('--outbound', given.outbound),
    inbound: address('--inbound', given.inbound),
    app: address('--app', given.app),
    intercept: given.intercept ?? false,
    appMetrics: appPage(given['app-metrics'], given.app),
    admin: address('--admin', given.admin),
    metrics: address('--metrics', given.metrics),
    front: frontKey(given.front, given.namespace ?? 'default'),
    probes: { ports: portSet(given['probe-ports']), host: given['app-host'] ?? null },
    control: controlTarget(given),
    snapshot: given.snapshot ?? null,
    lastGood: given['last-good'] ?? null,
    destinations: [],
    accessLog: {
      mode: accessMode(given['access-log'] ?? 'errors'),
      sample: number('--access-log-sample', given['access-log-sample'], RATIO),
    },
    traces: given.traces ?? null,
    sampleRatio: number('--sample', given.sample, {
      least: 0,
      most: 1,
      standard: tracingDefaults.sampleRatio,
    }),
    slowMs: number('--slow', given.slow, {
      least: 1,
      most: 3_600_000,
      standard: tracingDefaults.slowMs,
    }),
  };
  if (options.outbound === null && options.inbound === null) {
    throw new Error('Nothing to do: give --outbound or --inbound');
  }
  if (options.inbound !== null && options.app === null && !options.intercept) {
    throw new Error('--inbound needs --app HOST:PORT, the application, or --intercept');
  }
  return options;
}

/** A token is shown to nobody whose certificate was not looked at. */
function controlTarget(given: ReturnType<typeof readFlags>): ControlTarget | null {
  const { control, 'control-ca': authority = null, 'control-token': tokenFile = null } = given;
  if (control === undefined) return null;
  const protocol = URL.parse(control)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(`--control must be a URL such as http://127.0.0.1:15010, not ${control}`);
  }
  const isSecure = protocol === 'https:';
  if (isSecure && authority === null) {
    throw new Error('--control by https needs --control-ca, the certificate of its authority');
  }
  if (!isSecure && (authority ?? tokenFile) !== null) {
    throw new Error(`--control-ca and --control-token need --control by https, not ${control}`);
  }
  return { url: control, authority, tokenFile };
}

function portSet(text: string | undefined): ReadonlySet<number> {
  if (text === undefined) return new Set();
  const ports = text.split(',').map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : 0));
  if (ports.every((port) => port >= 1 && port <= 65_535)) return new Set(ports);
  throw new Error(`--probe-ports must be ports such as 8080,9000, not ${text}`);
}

const RATIO = { least: 0, most: 1, standard: 1 };

function accessMode(text: string): AccessLogOptions['mode'] {
  if (text === 'errors' || text === 'all' || text === 'none') return text;
  throw new Error(`--access-log must be errors, all or none, not ${text}`);
}

export function number(
  flag: string,
  text: string | undefined,
  { least, most, standard }: { least: number; most: number; standard: number },
): number {
  if (text === undefined) return standard;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${flag} must be a number from ${least} to ${most}, not ${text}`);
}

function frontKey(name: string | undefined, namespace: string): string | null {
  if (name === undefined) return null;
  const key = destinationKey(name, namespace);
  if (key === null)
    throw new Error(`--front must name a Service such as web or web.shop:80, not ${name}`);
  return key;
}

/** On the application's own host. */
function appPage(text: string | undefined, app: string | undefined): AppPage | null {
  if (text === undefined) return null;
  const [, port = '', path = ''] = /^(\d+)(\/[!-~]*)$/.exec(text) ?? [];
  if (path === '') {
    throw new Error(`--app-metrics must be PORT/PATH such as 9090/metrics, not ${text}`);
  }
  const { host } = address('--app', app) ?? { host: '127.0.0.1' };
  return { ...addressOf('--app-metrics', `${host}:${port}`), path };
}

function address(flag: string, text: string | undefined): ListenAddress | null {
  return text === undefined ? null : addressOf(flag, text);
}

export function addressOf(flag: string, text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${flag} must be HOST:PORT such as 127.0.0.1:15001, not ${text}`);
  }
  return { host, port };
}
