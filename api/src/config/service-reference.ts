/**
 * How a route or a policy names a Service and its port.
 *
 * Pure. Used by `traffic-route.ts` and `resilience-policy.ts`.
 */
import type { z } from 'zod';
import { choice, integer, object, text } from './field.ts';
import { LABEL, LABEL_LENGTH_MAX } from './metadata.ts';

const PORT_MAX = 65_535;

export function labelText(doc: string, example: string, otherwise?: string): z.ZodString {
  return text({
    pattern: LABEL,
    lengthMax: LABEL_LENGTH_MAX,
    expects: 'lower case letters, digits and -, as Kubernetes names are',
    example,
    doc,
    ...(otherwise !== undefined && { otherwise }),
  });
}

export function portNumber(doc: string, otherwise?: string): z.ZodInt {
  return integer({
    min: 1,
    max: PORT_MAX,
    example: 80,
    doc,
    ...(otherwise !== undefined && { otherwise }),
  });
}

export const targetRef = object(
  {
    kind: choice(['Service'], { doc: 'What is referred to.' }).default('Service'),
    name: labelText("The Service's name.", 'catalog'),
    port: portNumber('One port of the Service.', 'all its ports').optional(),
    namespace: labelText(
      "The Service's namespace. If it is another than the object's, the object is a consumer's: it" +
        " acts for clients of the object's namespace only, and there instead of the producer's.",
      'shop',
      "the object's own",
    ).optional(),
  },
  { doc: 'The Service that this is about.' },
);

/** The fields by which a rule names where requests go. */
export const serviceFields = {
  service: labelText("The Service's name.", 'catalog-v1'),
  port: portNumber("The Service's port.", 'the port of the target').optional(),
  namespace: labelText("The Service's namespace.", 'shop', "the route's own").optional(),
};
