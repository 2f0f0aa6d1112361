/**
 * The Helm chart, made of the same functions as `remora install`: they are called with marks in
 * place of values, and the marks become Helm's expressions.
 *
 * Why not written by hand: two descriptions of one installation drift apart, and which of them a
 * user gets would depend on the tool. A test compares what real Helm renders with `manifests()`.
 *
 * Pure. Called by `generated-files.ts`.
 */
import { access } from '@remora/control-plane/install/access.ts';
import { disruptionBudget, monitors, networkPolicy } from '@remora/control-plane/install/guards.ts';
import type { Manifest } from '@remora/control-plane/install/names.ts';
import { type InstallValues, installValues } from '@remora/control-plane/install/values.ts';
import { webhooks } from '@remora/control-plane/install/webhooks.ts';
import { workload } from '@remora/control-plane/install/workload.ts';
import { stringify } from 'yaml';
import { inputSchema, type Schema } from '@remora/control-plane/install/crd-schema.ts';

const HEAD = '# Written by `npm run generate` from control-plane/src/install. Do not edit.\n';
/** A folded expression would be legal and unreadable. */
const WIDTH = 0;

/** An expression that stands for a text: it stays quoted. */
const text = (expression: string): string => `{{ ${expression} }}`;
/** For a number: not quoted. */
const raw = (expression: string): never => `<raw ${expression}>` as never;
/** For a whole map or list. */
const block = (expression: string): never => `<block ${expression}>` as never;
/** For the items of a list, or the entries of a map, where this is one of them. */
const items = (name: keyof typeof ITEMS): string => `<items ${name}>`;

const ITEMS = {
  defaults: [
    '{{- range $name, $value := .Values.injection.defaults }}',
    '- {{ printf "--default=%s=%s" $name $value | quote }}',
    '{{- end }}',
  ],
  excluded: [
    '{{- range .Values.injection.excludedNamespaces }}',
    '- {{ . | quote }}',
    '{{- end }}',
  ],
  monitorLabels: [
    '{{- range $name, $value := .Values.podMonitor.labels }}',
    '{{ $name }}: {{ $value | quote }}',
    '{{- end }}',
  ],
} as const;

const RELEASE = { namespace: text('.Release.Namespace'), version: text('.Chart.AppVersion') };
const IMAGE = '{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}';

const MARKS: InstallValues = {
  ...installValues.parse({}),
  image: { repository: '', tag: '', pullPolicy: text('.Values.image.pullPolicy') as never },
  imagePullSecrets: block('.Values.imagePullSecrets'),
  replicas: raw('.Values.replicas'),
  resources: block('.Values.resources'),
  priorityClassName: text('.Values.priorityClassName'),
  nodeSelector: block('.Values.nodeSelector'),
  tolerations: block('.Values.tolerations'),
  injection: { defaults: {}, excludedNamespaces: [items('excluded')] },
  podMonitor: { enabled: true, labels: { [items('monitorLabels')]: '' } },
};

/** By path within the repository. `version`: of the chart and of what it installs. */
export function chartFiles(
  version: string,
  crds: readonly (readonly [plural: string, text: string])[],
): readonly (readonly [path: string, text: string])[] {
  const parts = { image: IMAGE, args: [`--image=${IMAGE}`, items('defaults')] };
  const templates = [
    ['access', template(access(RELEASE))],
    ['workload', template(workload(RELEASE, MARKS, parts))],
    ['disruption-budget', when('podDisruptionBudget.enabled', [disruptionBudget(RELEASE)])],
    ['network-policy', when('networkPolicy.enabled', [networkPolicy(RELEASE)])],
    ['pod-monitors', when('podMonitor.enabled', monitors(RELEASE, MARKS))],
    ['webhooks', template(webhooks(RELEASE, MARKS))],
    ...crds.map(([plural, crd]) => [`crd-${plural}`, crdTemplate(crd)] as const),
  ] as const;
  return [
    ['charts/remora/Chart.yaml', chartYaml(version)],
    ['charts/remora/values.yaml', HEAD + valuesYaml()],
    ['charts/remora/values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
    ...templates.map(([name, made]) => [`charts/remora/templates/${name}.yaml`, made] as const),
  ];
}

function template(objects: readonly Manifest[]): string {
  return HEAD + objects.map((object) => withExpressions(yaml(object))).join('---\n');
}

function when(value: string, objects: readonly Manifest[]): string {
  return `{{- if .Values.${value} }}\n${template(objects)}{{- end }}\n`;
}

/** Helm never touches what is in a chart's `crds/` again: as templates they are upgraded and go. */
function crdTemplate(crd: string): string {
  const keep = '{{- if .Values.crds.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n';
  const marked = crd.replace(/^metadata:\n/m, `metadata:\n  ${keep.trimEnd()}\n  {{- end }}\n`);
  return `{{- if .Values.crds.install }}\n${marked}{{- end }}\n`;
}

function withExpressions(made: string): string {
  return made
    .split('\n')
    .map((line) => {
      const indent = line.search(/\S|$/);
      const [, name] = /^ *(?:- )?"?<items (\w+)>"?(?:: "")?$/.exec(line) ?? [];
      if (name !== undefined) {
        const lines = ITEMS[name as keyof typeof ITEMS];
        return lines.map((each) => ' '.repeat(indent) + each).join('\n');
      }
      return line
        .replace(/"?<raw ([^>]+)>"?$/, '{{ $1 }}')
        .replace(/"?<block ([^>]+)>"?$/, `{{- toYaml $1 | nindent ${indent + 2} }}`);
    })
    .join('\n');
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: WIDTH, aliasDuplicateObjects: false });
}

function chartYaml(version: string): string {
  const chart = {
    apiVersion: 'v2',
    name: 'remora',
    description: 'A sidecar resilience proxy and its control plane: a lightweight service mesh.',
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: '>=1.29.0-0',
    keywords: ['service-mesh', 'sidecar', 'proxy', 'canary'],
  };
  return HEAD + yaml(chart);
}

function valuesSchema(): object {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...inputSchema(installValues) };
}

/** Every default with its description above it. */
function valuesYaml(): string {
  const defaults = installValues.parse({});
  return blockOf(inputSchema(installValues), defaults, '');
}

function blockOf(schema: Schema, values: Readonly<Record<string, unknown>>, pad: string): string {
  let made = '';
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (field.description !== undefined) made += `${pad}# ${field.description}\n`;
    const value = values[name];
    const isBlock = field.properties !== undefined && name !== 'resources';
    made += isBlock
      ? `${pad}${name}:\n${blockOf(field, value as Record<string, unknown>, `${pad}  `)}`
      : yaml({ [name]: value }).replace(/^(?=.)/gm, pad);
  }
  return made;
}
