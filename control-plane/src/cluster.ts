/**
 * The control plane of a cluster: its table of contents.
 *
 *   API server → kube/source → core → proxies (TLS, by token)      webhooks beside them
 *   by the Lease, one replica: statuses, events, the webhooks' trust
 *
 * Every replica reads everything and serves proxies; which one leads changes only who writes. What
 * is about leading alone is `leadership.ts`.
 *
 * Started by `main.ts`. Resolves once proxies can come.
 */
import { CONTROL_SERVICE, TOKEN_AUDIENCE } from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { ClusterListeners } from './cluster-listeners.ts';
import { ClusterMetrics } from './cluster-metrics.ts';
import { Core } from './core.ts';
import { identityOf } from './desired/identity.ts';
import type { Authority } from './identity/authority.ts';
import { ServingCertificate } from './identity/serving-certificate.ts';
import { admitPods } from './inject/admit.ts';
import { readDefaults } from './inject/settings.ts';
import { loadAuthority } from './kube/authority-secret.ts';
import { KubeClient } from './kube/client.ts';
import type { KubeConfig } from './kube/kube-config.ts';
import {
  endpointSlices,
  httpRoutes,
  meshConfigs,
  namespaces,
  pods,
  referenceGrants,
  resiliencePolicies,
  services,
  trafficRoutes,
} from './kube/resource.ts';
import { KubeSource } from './kube/source.ts';
import { TokenReviewer } from './kube/token-review.ts';
import { Leadership } from './leadership.ts';
import type { Log } from './log.ts';
import { AckFeeds } from './publish/ack-feed.ts';
import { type Admission, bearerOf } from './publish/config-server.ts';
import { validating } from './webhook/validate.ts';
import { WebhookServer } from './webhook/server.ts';

/** Annotation names without their prefix. */
export type InjectionDefaults = Readonly<Record<string, string>>;

export interface ClusterOptions {
  readonly kube: KubeConfig;
  /** This replica. */
  readonly pod: { readonly namespace: string; readonly name: string; readonly address: string };
  readonly serviceAccount: string;
  readonly version: string;
  /** Of the sidecars. */
  readonly image: string;
  readonly injectionDefaults: InjectionDefaults;
  /** This pod's own token for the other replicas. */
  readonly token: () => Promise<string>;
  /** `::` or `0.0.0.0`. */
  readonly host: string;
  readonly log: Log;
}

export interface RunningCluster {
  close(): Promise<void>;
}

/** Rejects where a default of injection is wrong: every pod would be refused for it. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const [mistake] = readDefaults(options.injectionDefaults);
  if (mistake !== undefined) {
    const { path, message, remedy } = mistake;
    throw new Error(`--default ${path.join('.')}: ${message}. ${remedy}`);
  }
  const client = new KubeClient(options.kube, { userAgent: `remora/${options.version}` });
  const authority = await loadAuthority(client, options.pod.namespace);
  const cluster = new Cluster(options, client, authority);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

class Cluster implements RunningCluster {
  readonly #options: ClusterOptions;
  readonly #client: KubeClient;
  readonly #reviewer: TokenReviewer;
  readonly #core: Core;
  readonly #source: KubeSource;
  readonly #certificate: ServingCertificate;
  readonly #feeds: AckFeeds;
  readonly #listeners: ClusterListeners;
  readonly #webhooks: WebhookServer;
  readonly #leadership: Leadership;

  constructor(options: ClusterOptions, client: KubeClient, authority: Authority) {
    this.#options = options;
    this.#client = client;
    const { log, pod, host } = options;
    this.#reviewer = new TokenReviewer({ client, audience: TOKEN_AUDIENCE });
    const core = new Core({
      controlPlane: pod.name,
      authenticate: (token) => this.#authenticate(token),
      onWorld: () => this.#leadership.changed(),
      onSplits: (reports) => this.#feeds.tellSplits(reports),
      log,
    });
    this.#core = core;
    this.#source = new KubeSource({
      client,
      resources: [
        ...[namespaces, services, endpointSlices, pods],
        ...[trafficRoutes, resiliencePolicies, meshConfigs],
      ],
      optional: [httpRoutes, referenceGrants],
      onEvents: (events) => core.fold(events),
      onProblems: (problems) => core.report(problems),
      log,
    });
    const names = serviceNames(pod.namespace);
    this.#certificate = new ServingCertificate({ authority, names, nowMs: Date.now, log });
    this.#feeds = new AckFeeds(core.acknowledged);
    const metrics = new ClusterMetrics(core, () => this.#leadership.isLeader);
    this.#listeners = new ClusterListeners({
      core,
      certificate: this.#certificate,
      feeds: this.#feeds,
      isReplica: (authorization) => this.#isReplica(authorization),
      metrics: () => metrics.page(),
      host,
    });
    this.#webhooks = new WebhookServer({
      listen: { host, port: ports.webhook },
      certificate: this.#certificate,
      handlers: {
        '/inject': this.#injection(authority),
        '/validate': validating(() => core.world),
      },
      log,
      onJudged: (judged) => metrics.judged(judged),
    });
    const [servername = ''] = names;
    this.#leadership = new Leadership({
      ...{ client, core, pod, log, authority, servername },
      token: options.token,
    });
  }

  async start(): Promise<void> {
    await this.#certificate.start();
    await this.#source.start();
    await this.#webhooks.listen();
    await this.#listeners.open();
    this.#core.isReady = true;
    this.#leadership.start();
    this.#options.log.info({ objects: this.#core.world.objects.size }, 'serving proxies');
  }

  /** The Lease first: another replica takes over while this one says goodbye. */
  async close(): Promise<void> {
    this.#core.isReady = false;
    await this.#leadership.close();
    this.#core.server.close();
    this.#feeds.close();
    await this.#listeners.close();
    await this.#webhooks.close();
    await this.#source.close();
    this.#certificate.close();
    await this.#client.close();
  }

  async #authenticate(token: string | null): Promise<Admission> {
    if (token === null) return refused(401, 'a proxy shows a service account token');
    const reviewed = await this.#reviewer.review(token);
    if ('refused' in reviewed) return refused(401, reviewed.refused);
    const { namespace, podName } = reviewed;
    const identity: ProxyIdentity | null = identityOf(this.#core.world, namespace, podName);
    if (identity !== null) return { identity };
    return refused(503, `pod ${namespace}/${podName} is not known here yet`);
  }

  async #isReplica(authorization?: string): Promise<boolean> {
    const token = bearerOf(authorization) ?? '';
    const reviewed = await this.#reviewer.review(token).catch(() => null);
    if (reviewed === null || 'refused' in reviewed) return false;
    const { pod, serviceAccount } = this.#options;
    return reviewed.namespace === pod.namespace && reviewed.serviceAccount === serviceAccount;
  }

  #injection(authority: Authority) {
    const { version, image, injectionDefaults, pod } = this.#options;
    const installation = {
      ...{ version, image, namespace: pod.namespace },
      authority: authority.certificatePem,
      defaults: injectionDefaults,
    };
    return admitPods({
      installation: () => installation,
      modeOf: (namespace) => this.#core.injectionModeOf(namespace),
    });
  }
}

function refused(status: 401 | 503, why: string): Admission {
  return { identity: null, status, why };
}

/** The names by which proxies and the API server dial. */
function serviceNames(namespace: string): readonly string[] {
  const name = `${CONTROL_SERVICE}.${namespace}`;
  return [`${name}.svc`, `${name}.svc.cluster.local`, name, CONTROL_SERVICE];
}
