/**
 * What the objects of an installation are called, and by which labels they are found again.
 *
 * Pure. Used by the manifests and by the verbs that look for them.
 */
import { CONTROL_SERVICE } from '@remora/api/mesh-names.ts';
import type { Release } from './values.ts';

export const CONTROL = CONTROL_SERVICE;
/** Found by `remora uninstall`. */
export const INSTALLED_BY = { 'app.kubernetes.io/part-of': 'remora' } as const;
export const SELECTOR = {
  'app.kubernetes.io/name': 'remora',
  'app.kubernetes.io/component': 'control-plane',
} as const;

/** As the API server takes it. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export function metadataOf(name: string, { version }: Release): Manifest['metadata'] {
  const labels = { ...SELECTOR, ...INSTALLED_BY, 'app.kubernetes.io/version': version };
  return { name, labels };
}

export function namespaced(name: string, release: Release): Manifest['metadata'] {
  const { labels } = metadataOf(name, release);
  return { name, namespace: release.namespace, labels };
}
