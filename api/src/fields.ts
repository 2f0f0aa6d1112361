/**
 * A value of JSON or YAML that has fields: neither a list nor null, which are objects too.
 *
 * Pure. Used by whoever reads what somebody else wrote, before a schema has judged it.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
