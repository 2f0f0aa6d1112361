/**
 * A kind's schema as a CustomResourceDefinition: the structural schema that the API server checks.
 *
 * It is stricter than JSON Schema and refuses what it does not know, so the fields that a schema
 * may have are listed and the rest is left behind. Objects are left open: the server prunes unknown
 * fields itself and warns. What it cannot say (names of headers) is checked by the control
 * plane only, and shown in the object's conditions.
 *
 * Pure. Called by `generated-files.ts`.
 */
import { z } from 'zod';

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
  readonly columns: readonly { readonly name: string; readonly type: string; jsonPath: string }[];
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

export function structural(schema: Schema): Schema {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) if (KEPT.has(key)) kept[key] = value;
  const { properties, items, additionalProperties } = schema;
  if (schema['const'] !== undefined) kept['enum'] = [schema['const']];
  if (items !== undefined) kept['items'] = structural(items);
  if (typeof additionalProperties === 'object') {
    kept['additionalProperties'] = structural(additionalProperties);
  }
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([name, field]) => [name, structural(field)]);
    kept['properties'] = Object.fromEntries(fields);
  }
  return kept;
}

export function crd(spec: CrdSpec): unknown {
  const { kind, plural, shortName, scope } = spec;
  const singular = kind.toLowerCase();
  const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.remora.dev` },
    spec: {
      group: 'remora.dev',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName] },
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

function whole({ description, spec, rules, isSpecRequired }: CrdSpec): unknown {
  return {
    type: 'object',
    description,
    ...(isSpecRequired && { required: ['spec'] }),
    ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(inputSchema(spec)),
      status: STATUS,
    },
  };
}

const CONDITION_FIELDS = {
  type: { type: 'string', maxLength: 316 },
  status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
  reason: { type: 'string', maxLength: 1_024 },
  message: { type: 'string', maxLength: 32_768 },
  observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
  lastTransitionTime: { type: 'string', format: 'date-time' },
};

const STATUS = {
  type: 'object',
  description: 'Written by the control plane.',
  properties: {
    conditions: {
      type: 'array',
      maxItems: 8,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
        properties: CONDITION_FIELDS,
      },
    },
  },
};
