/**
 * The kind MeshConfig: what holds for the whole mesh. There is one, and its name is `mesh`.
 *
 * Pure. Used by `objects.ts`.
 */
import { z } from 'zod';
import { clusterMetadata } from './metadata.ts';
import { resilienceLayer } from './resilience-policy.ts';
import { tracing } from './tracing.ts';

const MESH_CONFIG_NAME = 'mesh';
/** Of the CRD as a whole: a spec cannot see its object's name. */
export const meshNameRule = {
  rule: `self.metadata.name == '${MESH_CONFIG_NAME}'`,
  message: `there is one MeshConfig, and its name is ${MESH_CONFIG_NAME}`,
};

export const meshConfig = z.object({
  kind: z.literal('MeshConfig'),
  metadata: clusterMetadata(z.literal(MESH_CONFIG_NAME)),
  spec: z
    .object({
      tracing: tracing.optional(),
      defaults: z
        .object(resilienceLayer)
        .meta({ description: 'In force where no ResiliencePolicy says otherwise.' })
        .optional(),
    })
    .default({}),
});

export type MeshConfig = z.infer<typeof meshConfig>;
