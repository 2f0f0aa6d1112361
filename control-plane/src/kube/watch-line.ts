/**
 * What one line of a watch means. Lines come from outside: one that makes no sense is null, and
 * the watch lists again, since what it would have said is not known.
 *
 * Pure. Called by `watch.ts`.
 */
import type { KubeObject } from './kube-object.ts';

export type WatchLine =
  | {
      readonly is: 'put' | 'delete';
      readonly object: KubeObject;
      readonly resourceVersion: string;
    }
  | { readonly is: 'bookmark'; readonly resourceVersion: string }
  | {
      readonly is: 'error';
      readonly status: number;
      readonly reason: string;
      readonly detail: string;
    };

interface Line {
  readonly type?: unknown;
  readonly object?: Readonly<Record<string, unknown>> | null;
}

/** DELETED carries the object as it was last, with the version of its deletion. */
const TYPES: Readonly<Record<string, 'put' | 'delete' | 'bookmark'>> = {
  ADDED: 'put',
  MODIFIED: 'put',
  DELETED: 'delete',
  BOOKMARK: 'bookmark',
};

export function readWatchLine(text: string): WatchLine | null {
  const line = parsed(text);
  if (line === null || typeof line.type !== 'string') return null;
  const { object } = line;
  if (typeof object !== 'object' || object === null) return null;
  if (line.type === 'ERROR') return errorOf(object);
  const is = Object.hasOwn(TYPES, line.type) ? TYPES[line.type] : undefined;
  const metadata = object['metadata'] as { resourceVersion?: unknown } | null | undefined;
  const resourceVersion = metadata?.resourceVersion;
  if (is === undefined || typeof resourceVersion !== 'string') return null;
  if (is === 'bookmark') return { is, resourceVersion };
  return { is, resourceVersion, object: object as unknown as KubeObject };
}

function errorOf({ code, reason, message }: Readonly<Record<string, unknown>>): WatchLine {
  return {
    is: 'error',
    status: typeof code === 'number' ? code : 500,
    reason: typeof reason === 'string' ? reason : 'Unknown',
    detail: typeof message === 'string' ? message : '',
  };
}

function parsed(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Line | null) : null;
  } catch {
    return null;
  }
}
