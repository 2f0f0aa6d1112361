/**
 * Every setting of injection, declared once: what an annotation `remora.dev/…` of a pod may say.
 *
 * What a pod says wins over the installation's defaults, which are texts of the same names, and
 * those over what is declared here. `docs/injection.md` is written from this table.
 *
 * Pure. Read by `injection.ts`; `readDefaults` by who starts the webhook, so that a mistake in the
 * installation is told at its start and not by every pod.
 */
import { formatDuration } from '@remora/api/config/duration.ts';
import { type Problem, shown, suggestion } from '@remora/api/config/problems.ts';
import { INJECT, INJECTED, MESH_PREFIX } from '@remora/api/mesh-names.ts';
import { tracingDefaults } from '@remora/api/tracing-defaults.ts';
import {
  collectorSetting,
  durationSetting,
  imageSetting,
  limitSetting,
  numberSetting,
  pageSetting,
  portsSetting,
  quantitySetting,
  rangesSetting,
  type Setting,
  wordSetting,
} from './setting.ts';

const SECOND_MS = 1_000;

export const SETTINGS = {
  image: imageSetting({
    name: 'image',
    standard: "the mesh's own",
    doc: 'Of the sidecar and the init step.',
  }),
  imagePullPolicy: wordSetting(
    { name: 'image-pull-policy', standard: 'IfNotPresent', doc: 'When the image is fetched.' },
    ['IfNotPresent', 'Always', 'Never'],
  ),
  cpuRequest: quantitySetting(
    { name: 'cpu-request', standard: '50m', doc: 'CPU that is set aside for the sidecar.' },
    '100m',
  ),
  memoryRequest: quantitySetting(
    { name: 'memory-request', standard: '64Mi', doc: 'Memory that is set aside for the sidecar.' },
    '128Mi',
  ),
  cpuLimit: limitSetting(
    { name: 'cpu-limit', standard: 'none', doc: 'A limit makes every request wait its turn.' },
    '500m',
  ),
  memoryLimit: limitSetting(
    { name: 'memory-limit', standard: '256Mi', doc: 'Over it the sidecar is started anew.' },
    '512Mi',
  ),
  skipOutboundPorts: portsSetting({
    name: 'skip-outbound-ports',
    doc: 'Connections of the application to these ports pass the sidecar by.',
  }),
  onlyOutboundPorts: portsSetting({
    name: 'only-outbound-ports',
    doc: 'Where it is given, connections to all other ports pass the sidecar by.',
  }),
  skipOutboundCidrs: rangesSetting({
    name: 'skip-outbound-cidrs',
    doc: 'Connections of the application to these addresses pass the sidecar by.',
  }),
  onlyOutboundCidrs: rangesSetting({
    name: 'only-outbound-cidrs',
    doc: 'Where it is given, connections to all other addresses pass the sidecar by.',
  }),
  skipInboundPorts: portsSetting({
    name: 'skip-inbound-ports',
    doc: 'Connections to these ports of the application pass the sidecar by.',
  }),
  onlyInboundPorts: portsSetting({
    name: 'only-inbound-ports',
    doc: 'Where it is given, connections to all other ports pass the sidecar by.',
  }),
  accessLog: wordSetting(
    { name: 'access-log', standard: 'errors', doc: 'Which requests leave a line in the log.' },
    ['errors', 'all', 'none'],
  ),
  accessLogSample: numberSetting(
    { name: 'access-log-sample', standard: '1', doc: 'Of good requests, where all are logged.' },
    { min: 0, max: 1 },
  ),
  traces: collectorSetting({
    name: 'traces',
    standard: 'none',
    doc: 'The OpenTelemetry collector that spans are sent to, OTLP over HTTP.',
  }),
  sample: numberSetting(
    {
      name: 'sample',
      standard: String(tracingDefaults.sampleRatio),
      doc: 'Of new traces that are sent, beside the failed and the slow ones.',
    },
    { min: 0, max: 1 },
  ),
  slowMs: durationSetting(
    {
      name: 'slow',
      standard: formatDuration(tracingDefaults.slowMs),
      doc: 'A request that takes so long is kept like a failed one.',
    },
    { min: 1, max: 3_600 * SECOND_MS },
  ),
  appMetrics: pageSetting({
    name: 'app-metrics',
    standard: 'none',
    doc: "The application's own metrics, shown behind the sidecar's at one address.",
  }),
  preStopSeconds: numberSetting(
    {
      name: 'pre-stop-seconds',
      standard: '5',
      doc:
        'An application container without a `preStop` sleeps so long before it is told to end: ' +
        'others learn meanwhile that it goes. 0: it does not.',
    },
    { min: 0, max: 3_600 },
    true,
  ),
  startupTimeoutMs: durationSetting(
    {
      name: 'startup-timeout',
      standard: '1m',
      doc: 'How long the sidecar may take to be ready before it is started anew.',
    },
    { min: SECOND_MS, max: 3_600 * SECOND_MS },
  ),
};

type Table = typeof SETTINGS;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
/** Every setting with its value. An image that is the mesh's own is null. */
export type Settings = { readonly [K in Exclude<keyof Table, 'image'>]: ValueOf<Table[K]> } & {
  readonly image: string | null;
};

export type Annotations = Readonly<Record<string, string>>;

export interface SettingsReading {
  /** Null: something is mistaken. */
  readonly settings: Settings | null;
  readonly problems: readonly Problem[];
  /** Of annotations that are ignored. */
  readonly warnings: readonly Problem[];
}

const ALL = Object.entries(SETTINGS) as readonly [keyof Table, Setting<unknown>][];
const KNOWN = [...ALL.map(([, { name }]) => MESH_PREFIX + name), INJECT];

/** `defaults` are the installation's: the same names, without `remora.dev/`. */
export function readSettings(annotations: Annotations, defaults: Annotations): SettingsReading {
  const values: Partial<Record<keyof Table, unknown>> = { image: null };
  const problems: Problem[] = [];
  for (const [key, setting] of ALL) {
    const written = annotations[MESH_PREFIX + setting.name] ?? defaults[setting.name];
    if (written === undefined && key === 'image') continue;
    const value = setting.parse((written ?? setting.standard).trim());
    if (value === null) problems.push(refusalOf(setting, written ?? ''));
    else values[key] = value;
  }
  const settings = problems.length === 0 ? (values as unknown as Settings) : null;
  if (settings !== null) problems.push(...overLimit(settings));
  const warnings = unknownAnnotations(annotations);
  return { settings: problems.length === 0 ? settings : null, problems, warnings };
}

/** What is wrong with an installation's defaults. */
export function readDefaults(defaults: Annotations): readonly Problem[] {
  const unknown = Object.keys(defaults)
    .filter((name) => !ALL.some(([, setting]) => setting.name === name))
    .map((name): Problem => {
      const names = ALL.map(([, setting]) => setting.name);
      const remedy = suggestion(name, names) ?? `The settings are ${names.join(', ')}`;
      return { path: [name], message: 'no such setting', remedy };
    });
  return [...unknown, ...readSettings({}, defaults).problems];
}

function refusalOf({ name, form, example }: Setting<unknown>, written: string): Problem {
  return {
    path: annotationPath(name),
    message: `${shown(written)} is not ${form}`,
    remedy: `Write, for example, "${example}"`,
  };
}

function overLimit(settings: Settings): Problem[] {
  const pairs = [
    ['cpu', settings.cpuRequest, settings.cpuLimit],
    ['memory', settings.memoryRequest, settings.memoryLimit],
  ] as const;
  return pairs.flatMap(([what, request, limit]) => {
    if (limit === 'none' || request.amount <= limit.amount) return [];
    const message = `the request of ${request.text} is over the limit of ${limit.text}`;
    const remedy = `Raise ${MESH_PREFIX}${what}-limit or lower ${MESH_PREFIX}${what}-request`;
    return [{ path: annotationPath(`${what}-request`), message, remedy }];
  });
}

function unknownAnnotations(annotations: Annotations): Problem[] {
  return Object.keys(annotations)
    .filter((name) => name.startsWith(MESH_PREFIX) && name !== INJECTED && !KNOWN.includes(name))
    .map((name) => ({
      path: ['metadata', 'annotations', name],
      message: "none of Remora's annotations: it is ignored",
      remedy: suggestion(name, KNOWN) ?? 'docs/injection.md lists those that are',
    }));
}

function annotationPath(name: string): (string | number)[] {
  return ['metadata', 'annotations', MESH_PREFIX + name];
}
