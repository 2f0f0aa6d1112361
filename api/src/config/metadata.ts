/**
 * What Remora reads of an object's metadata, and how an object says which Service it is about.
 *
 * Everything else in metadata is Kubernetes' business and passes unseen.
 *
 * Pure. Used by the schemas of the kinds.
 */
import { z } from 'zod';
import { label, objectName } from './names.ts';
import { integer, word } from './setting.ts';

export const DEFAULT_NAMESPACE = 'default';

function metadataNamed<N extends z.ZodType<string>>(name: N) {
  return z.object({
    name,
    namespace: label('The namespace.').default(DEFAULT_NAMESPACE),
    labels: z.record(z.string(), z.string()).optional(),
    generation: z.number().optional(),
    creationTimestamp: z.string().optional(),
  });
}

export const metadata = metadataNamed(objectName('The name of the object.'));
/** Of a Service, whose name is part of a host name. */
export const serviceMetadata = metadataNamed(label('The name of the object.'));

/** Of a kind that belongs to the whole cluster; a namespace written there has no meaning. */
export function clusterMetadata<N extends z.ZodType<string>>(name: N) {
  return metadataNamed(name).transform((read) => ({ ...read, namespace: '' }));
}

export function portNumber(doc: string, standard?: string) {
  const spec = { min: 1, max: 65_535, doc };
  return integer(standard === undefined ? spec : { ...spec, default: standard });
}

export const targetRef = z
  .object({
    kind: word(['Service'], { doc: 'What is named.', default: 'Service' })
      .meta({ default: 'Service' })
      .optional(),
    name: label('The Service.'),
    port: portNumber('Only this port of it.', 'all ports').optional(),
    namespace: label(
      "The Service's namespace. Another than the object's own makes it act for the clients of " +
        "the object's namespace only, and there instead of what the Service's namespace says.",
    )
      .meta({ 'x-default': "the object's" })
      .optional(),
  })
  .meta({ description: 'The Service that this is about.' });
