/**
 * Takes everything of an installation away, and waits until it is gone.
 *
 * Webhooks first: from then on nobody's pod waits for a control plane that is going. A namespace
 * goes only where `remora install` made it, which its label says.
 *
 * Asks the API server. Called by `cli/uninstall.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../kube/client.ts';
import { type Installed, wordOf } from './installed.ts';

const POLL_MS = 500;

export interface RemovePlan {
  readonly limitMs: number;
  readonly tell: (line: string) => void;
}

/** Returns what is still there when the time is over. */
export async function removeInstalled(
  client: KubeClient,
  installed: readonly Installed[],
  { limitMs, tell }: RemovePlan,
): Promise<readonly Installed[]> {
  for (const { resource, object } of installed) {
    await client.delete(resource, object.metadata, { propagation: 'Background' });
    tell(`${wordOf(object)} removed`);
  }
  const endsAtMs = performance.now() + limitMs;
  let left = installed;
  for (;;) {
    left = await stillThere(client, left);
    if (left.length === 0 || performance.now() > endsAtMs) return left;
    await sleep(POLL_MS);
  }
}

/** By uid: what somebody made anew under the same name is theirs. */
async function stillThere(
  client: KubeClient,
  objects: readonly Installed[],
): Promise<readonly Installed[]> {
  const found = await Promise.all(
    objects.map(async (each) => {
      const now = await client.get(each.resource, each.object.metadata);
      return now !== null && now.metadata.uid === each.object.metadata.uid ? [each] : [];
    }),
  );
  return found.flat();
}
