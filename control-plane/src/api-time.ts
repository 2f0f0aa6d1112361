/**
 * Times as the API server keeps them: of most objects in whole seconds, of Leases and events with
 * six digits behind the point.
 *
 * Pure: the time comes in.
 */

/** RFC 3339, as `metav1.Time`. */
export function apiSeconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** As `metav1.MicroTime`. */
export function apiMicroseconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
