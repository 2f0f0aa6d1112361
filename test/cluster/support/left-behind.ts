/**
 * Everything of Remora that a cluster has, found without trusting Remora's own list of kinds: each
 * kind that the API server knows is listed, and each object whose label, name or owner is ours.
 *
 * Used by the tests of installing and uninstalling.
 */
import { until } from '../../support/waiting.ts';
import type { Kubectl } from '../machine/kubectl.ts';

interface ListedObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** Come and go by themselves, and tell of what was. */
const PASSING = new Set(['events', 'events.events.k8s.io']);

/** Kinds may go between being told and being asked for. */
const ATTEMPTS = 3;
const GONE_LIMIT_MS = 20_000;
const GONE_POLL_MS = 200;

/** One line for each: `Deployment remora-system/remora-control`. */
export async function everythingOfRemora(kubectl: Kubectl): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lookOnce(kubectl);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function lookOnce(kubectl: Kubectl): Promise<string[]> {
  const kinds = await kubectl(['api-resources', '--verbs=list', '-o', 'name', '--cached=false']);
  const asked = kinds.split('\n').filter((kind) => kind !== '' && !PASSING.has(kind));
  const text = await kubectl(['get', asked.join(','), '-A', '-o', 'json', '--ignore-not-found']);
  const { items } = JSON.parse(text) as { readonly items: readonly ListedObject[] };
  return items
    .filter(isOurs)
    .map(({ kind, metadata: { namespace, name } }) => {
      return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    })
    .sort();
}

function isOurs({ kind, metadata: { labels = {}, name, namespace = '' } }: ListedObject): boolean {
  if (kind === 'Namespace') return labels['app.kubernetes.io/part-of'] === 'remora';
  if (labels['app.kubernetes.io/part-of'] === 'remora') return true;
  if (kind === 'TrafficRoute' || kind === 'ResiliencePolicy' || kind === 'MeshConfig') return true;
  if (namespace === 'remora-system') return /remora|sh\.helm/.test(name);
  return /(^|[.-])remora([.-]|$)/.test(name);
}

/** What the API server makes of its kinds it takes away by itself, a moment later. */
export async function nothingIsLeft(kubectl: Kubectl): Promise<void> {
  let left: readonly string[] = [];
  const isGone = async () => (left = await everythingOfRemora(kubectl)).length === 0;
  await until(isGone, () => `the end of ${left.join(', ')}`, GONE_LIMIT_MS, GONE_POLL_MS);
}
