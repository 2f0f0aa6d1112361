/**
 * Whose the cluster is: the checkout that brought it up, and when.
 *
 * There is one cluster per machine and there may be many checkouts. Taking down what somebody else
 * is in the middle of using looks like a fault of their code, so it takes saying so.
 *
 * Called by `cluster.ts`, `scripts/cluster.ts` and `scripts/test-cluster.ts`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { places } from './places.ts';

const checkout = join(import.meta.dirname, '../../..');
const file = join(places.state, 'owner.json');

interface Owner {
  readonly checkout: string;
  readonly since: string;
}

/** Makes the cluster's folder ours. Throws where there is one: only one `up` can win. */
export function claimCluster(): void {
  mkdirSync(dirname(places.state), { recursive: true });
  try {
    mkdirSync(places.state);
  } catch {
    const who = otherOwner() ?? 'this checkout';
    throw new Error(`a cluster is up, or was, of ${who}: npm run cluster -- down`);
  }
  const owner: Owner = { checkout, since: new Date().toISOString() };
  writeFileSync(file, JSON.stringify(owner));
}

/** For people: whose it is, if it is another checkout's; null: it is ours, or there is none. */
export function otherOwner(): string | null {
  if (!existsSync(places.state)) return null;
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Owner;
    return owner.checkout === checkout ? null : `${owner.checkout} since ${owner.since}`;
  } catch {
    return 'a checkout that did not say its name';
  }
}
