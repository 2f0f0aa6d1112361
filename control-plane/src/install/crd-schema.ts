/**
 * A kind's schema as a CustomResourceDefinition: the structural schema that the API server checks.
 *
 * It is stricter than JSON Schema and refuses what it does not know, so the fields that a schema
 * may have are listed and the rest is left behind. Objects are left open: the server prunes unknown
 * fields itself and warns. What it cannot say (names of headers) the validating webhook says.
 *
 * Pure. Called by `kinds.ts` and the generator.
 */
import { z } from 'zod';
import { statusSchema } from './crd-status.ts';
import { INSTALLED_BY, type Manifest } from './names.ts';

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-type'?: string;
  readonly 'x-limits'?: string;
  readonly 'x-default'?: string;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
  readonly [key: string]: unknown;
}

export interface CrdSpec {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly spec: z.ZodType;
  readonly isSpecRequired: boolean;
  /** For the whole object: of metadata only the name can be read. */
  readonly rules: readonly { readonly rule: string; readonly message: string }[];
  readonly columns: readonly Column[];
  /** Whether proxies have it in force: a MeshConfig is in everything, and counts nobody. */
  readonly isCounted: boolean;
  readonly hasWeights: boolean;
}

/** Of `kubectl get`; `priority` 1: of `kubectl get -o wide` alone. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly description?: string;
  readonly jsonPath: string;
  readonly priority?: 1;
}

/** What a structural schema of Remora's may have. */
const KEPT: ReadonlySet<string> = new Set([
  'type',
  'description',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'maxItems',
  'minItems',
  'maxProperties',
  'required',
  'x-kubernetes-validations',
]);

export function inputSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Schema;
}

/** A default within a list would be a difference that a GitOps tool sees for ever: it is told. */
export function structural(schema: Schema, isInList = false): Schema {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) if (KEPT.has(key)) kept[key] = value;
  const { properties, items, additionalProperties } = schema;
  const explained = explanation(schema);
  if (explained !== '') kept['description'] = explained;
  if (schema['default'] !== undefined && !isInList) kept['default'] = schema['default'];
  if (schema['const'] !== undefined) kept['enum'] = [schema['const']];
  if (items !== undefined) kept['items'] = structural(items, true);
  if (typeof additionalProperties === 'object') {
    kept['additionalProperties'] = structural(additionalProperties, true);
  }
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([name, field]) => [
      name,
      structural(field, isInList),
    ]);
    kept['properties'] = Object.fromEntries(fields);
  }
  return kept;
}

/** What `kubectl explain` shows of a field: it leaves out limits and defaults by itself. */
function explanation(schema: Schema): string {
  const { description = '', 'x-limits': limits, 'x-default': standard } = schema;
  const isPlain = limits === undefined || schema['enum'] !== undefined || schema.type === 'boolean';
  return [
    description,
    isPlain ? '' : `Limits: ${limits}.`,
    standard === undefined ? '' : `Default: ${standard}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `version`: of the release that it comes with. */
export function crd(spec: CrdSpec, version: string): Manifest {
  const { kind, plural, shortName, scope } = spec;
  const singular = kind.toLowerCase();
  const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.remora.dev`,
      labels: { ...INSTALLED_BY, 'app.kubernetes.io/version': version },
    },
    spec: {
      group: 'remora.dev',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: ['remora'],
      },
      scope,
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [...spec.columns, age],
          schema: { openAPIV3Schema: whole(spec) },
        },
      ],
    },
  };
}

function whole(crdSpec: CrdSpec): unknown {
  const { description, spec, rules, isSpecRequired } = crdSpec;
  return {
    type: 'object',
    description,
    ...(isSpecRequired && { required: ['spec'] }),
    ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: { description: 'What is wanted.', ...structural(inputSchema(spec)) },
      status: statusSchema(crdSpec),
    },
  };
}
