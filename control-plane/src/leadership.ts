/**
 * What one replica does for all while it holds the Lease: statuses, events, the webhooks' trust.
 *
 * Everything here begins when it is elected and ends when it no longer is, at once; what is written
 * twice around a change of leaders says the same.
 *
 * Not pure. Made by `cluster.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CONTROL_SERVICE, WEBHOOKS } from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import { PeerAcks } from './apply/peer-acks.ts';
import { StatusKeeper } from './apply/status-keeper.ts';
import { StatusWriter } from './apply/status-writer.ts';
import { UninjectedNews } from './apply/uninjected-news.ts';
import type { Core } from './core.ts';
import { CONTROLLER_NAME, httpRouteParents } from './desired/http-route-status.ts';
import { otherReplicas } from './desired/replicas.ts';
import type { Authority } from './identity/authority.ts';
import { apiSeconds } from './api-time.ts';
import type { KubeClient } from './kube/client.ts';
import { EventWriter } from './kube/events.ts';
import { LeaderElection } from './kube/lease.ts';
import { KubeStatusPort, type ParentsOver } from './kube/status-port.ts';
import { WebhookBundle } from './kube/webhook-bundle.ts';
import type { Log } from './log.ts';
import { objectKey } from './world.ts';

/** As RBAC grants it. */
const LEASE = CONTROL_SERVICE;
const RETRY_MS = 2_000;

export interface LeadershipOptions {
  readonly client: KubeClient;
  readonly core: Core;
  readonly pod: { readonly namespace: string; readonly name: string; readonly address: string };
  readonly authority: Authority;
  /** By which replicas' certificates are checked. */
  readonly servername: string;
  readonly token: () => Promise<string>;
  readonly log: Log;
}

interface Duties {
  readonly peers: PeerAcks;
  readonly keeper: StatusKeeper;
  readonly bundle: WebhookBundle;
  readonly news: UninjectedNews;
}

export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #election: LeaderElection;
  #duties: Duties | null = null;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    const { client, pod, log } = options;
    this.#election = new LeaderElection({
      ...{ client, namespace: pod.namespace, name: LEASE, identity: pod.name },
      onElected: () => void this.#begin(),
      onLost: (why) => {
        log.warn({ why }, 'leads no more');
        this.#end();
      },
      onProblem: (why) => log.warn({ lease: LEASE }, why),
    });
  }

  get isLeader(): boolean {
    return this.#election.isLeader();
  }

  start(): void {
    this.#election.start();
  }

  /** The world is another. */
  changed(): void {
    if (this.#duties === null) return;
    const { core, pod } = this.#options;
    this.#duties.keeper.changed();
    this.#duties.news.changed();
    this.#duties.peers.setPeers(otherReplicas(core.world, pod));
  }

  async close(): Promise<void> {
    this.#end();
    await this.#election.close();
  }

  async #begin(): Promise<void> {
    const { client, core, pod, authority, servername, token, log } = this.#options;
    log.info({ lease: LEASE }, 'leads');
    const writer = new StatusWriter(new KubeStatusPort(client, parentsIn(core)), log);
    const peers = new PeerAcks({
      ...{ port: ports.control, ca: authority.certificatePem, servername, token, log },
      onChange: () => this.#duties?.keeper.changed(),
      onSplit: (report) => core.splits.hear([report]),
    });
    const events = new EventWriter({
      ...{ client, controller: CONTROLLER_NAME, instance: pod.name },
      onProblem: (why) => log.warn({}, why),
    });
    const bundle = new WebhookBundle(client, WEBHOOKS, authority.certificatePem, log);
    const keeper = new StatusKeeper(core, peers, writer);
    const duties = { peers, keeper, bundle, news: new UninjectedNews(core, events) };
    this.#duties = duties;
    bundle.start();
    this.changed();
    while (this.#duties === duties && !(await this.#opened(writer))) await sleep(RETRY_MS);
  }

  async #opened(writer: StatusWriter): Promise<boolean> {
    try {
      await writer.open();
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.log.error({ why, retryMs: RETRY_MS }, 'cannot read the statuses that stand');
      return false;
    }
  }

  #end(): void {
    const duties = this.#duties;
    this.#duties = null;
    if (duties === null) return;
    duties.keeper.close();
    duties.bundle.close();
    duties.news.close();
    duties.peers.close();
  }
}

/** A list for another generation than the one that is known would say what was never looked at. */
function parentsIn(core: Core): ParentsOver {
  return ({ namespace, name }, existing, generation) => {
    const key = objectKey({ kind: 'HTTPRoute', metadata: { namespace, name } });
    const route = core.world.objects.get(key);
    if (route?.kind !== 'HTTPRoute') return null;
    if (route.metadata.generation !== generation) {
      throw new Error(`generation ${generation} has not been read yet`);
    }
    return httpRouteParents(core.world, route, { existing, now: apiSeconds(Date.now()) });
  };
}
