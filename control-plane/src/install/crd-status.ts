/**
 * The status of a kind as its CRD has it: what the control plane writes, and `kubectl` shows.
 *
 * A printer column can show one field and join nothing, so counts and shares are there once more
 * as short texts. `docs/status.md` says what each condition and reason means.
 *
 * Pure. Called by `crd-schema.ts`.
 */
import { MESSAGE_MAX } from '../desired/conditions.ts';

interface StatusParts {
  readonly isCounted: boolean;
  readonly hasWeights: boolean;
}

const GENERATION = { type: 'integer', format: 'int64', minimum: 0 };

const CONDITION_FIELDS = {
  type: { type: 'string', description: 'What is said.', maxLength: 316 },
  status: {
    type: 'string',
    description: 'Whether it is so.',
    enum: ['True', 'False', 'Unknown'],
  },
  reason: { type: 'string', description: 'Why, as one word for programs.', maxLength: 1_024 },
  message: {
    type: 'string',
    description: 'Why, as a sentence for people.',
    maxLength: MESSAGE_MAX,
  },
  observedGeneration: {
    ...GENERATION,
    description: 'The generation of the object that this was said of.',
  },
  lastTransitionTime: {
    type: 'string',
    description: 'Since when the status is what it is.',
    format: 'date-time',
  },
};

const CONDITIONS = {
  type: 'array',
  description: 'Accepted, ResolvedRefs, Programmed, Applied: see docs/status.md.',
  maxItems: 8,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
    properties: CONDITION_FIELDS,
  },
};

function proxyCount(description: string) {
  return { type: 'integer', description, format: 'int32', minimum: 0 };
}

const COUNTED = {
  applied: proxyCount('Proxies that have its newest generation in force.'),
  interested: proxyCount('Proxies that use it.'),
  proxies: {
    type: 'string',
    description: 'The same two in short: 11/12.',
    maxLength: 32,
  },
};

const WEIGHTS = {
  weights: {
    type: 'object',
    description: 'The shares of the backends, rule by rule.',
    properties: {
      wanted: {
        type: 'string',
        description: 'As the object says: catalog-v1 90%, catalog-v2 10%.',
        maxLength: 1_024,
      },
      realised: {
        type: 'string',
        description: 'As the proxies counted lately, in the same order: 89.7%, 10.3%.',
        maxLength: 1_024,
      },
    },
  },
};

export function statusSchema({ isCounted, hasWeights }: StatusParts): unknown {
  return {
    type: 'object',
    description: 'What became of it. Written by the control plane.',
    properties: {
      observedGeneration: {
        ...GENERATION,
        description: 'The newest generation that the control plane has seen.',
      },
      conditions: CONDITIONS,
      ...(isCounted && COUNTED),
      ...(hasWeights && WEIGHTS),
    },
  };
}
