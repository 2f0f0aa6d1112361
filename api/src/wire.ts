/**
 * The contract between the planes: the messages on a proxy's stream, and the configuration in them.
 *
 * What crosses is complete: every default was applied by `desired/`, so the proxy validates nothing
 * twice and has no second opinion about a default. One destination (a Service port) is one unit of
 * subscription, version and acknowledgement: a proxy's cost follows what it talks to.
 *
 * What it says on failing well has its types in `wire-resilience.ts`.
 *
 * Pure types and constants. Both planes import this; unknown fields are ignored by both.
 */
import type { RequestRecord } from './request-record.ts';
import type {
  BudgetConfig,
  EjectionConfig,
  FaultConfig,
  HedgeConfig,
  InboundConfig,
  LimitsConfig,
  Priority,
  RetryConfig,
  RuleBreakerConfig,
} from './wire-resilience.ts';

/**
 * The token of the HTTP/1.1 upgrade that opens a stream. In a cluster the request carries the pod's
 * service account token as `Authorization: Bearer`.
 */
export const WIRE_UPGRADE = 'remora-config/1';
/** Path of the stream on the control plane's listener. */
export const WIRE_PATH = '/v1/config';

export const wireLimits = {
  lineBytesMax: 4 * 1024 * 1024,
  heartbeatMs: 10_000,
  /** Silence after which either side drops the stream. */
  silenceMs: 30_000,
  subscriptionsMax: 4_096,
  /** A query that was not answered by then is given up; a tap lasts no longer. */
  answerMs: 2_000,
  answerBytesMax: 1024 * 1024,
  /** Rules in one report. */
  splitReportsMax: 256,
  /** Taps at a time, of one proxy and of one control plane. */
  tapsMax: 10,
} as const;

/** Who a proxy is. In the cluster the control plane takes it from the token, never from here. */
export interface ProxyIdentity {
  /** Unique among proxies: the pod's name, or `catalog-v1-0` in the local mesh. */
  readonly name: string;
  readonly namespace: string;
  /** The Deployment (or other owner): what `source` matches compare with. */
  readonly workload: string;
}

export type ProxyMessage =
  | {
      readonly type: 'hello';
      readonly protocol: 1;
      readonly proxy: ProxyIdentity;
      /** Versions held from last-good, by destination key. */
      readonly known: Readonly<Record<string, string>>;
    }
  /**
   * Of a Service port, by its key or, where connections are intercepted, by the address that was
   * dialled (`formatAddress`); or of INBOUND_KEY: what the application beside the proxy is told.
   */
  | { readonly type: 'subscribe'; readonly destination: string }
  | { readonly type: 'unsubscribe'; readonly destination: string }
  | { readonly type: 'applied'; readonly destination: string; readonly version: string }
  | {
      readonly type: 'refused';
      readonly destination: string;
      readonly version: string;
      readonly reason: string;
    }
  /** To a query of the same id, at most `answerBytesMax`; null: there is none, and `why`. */
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly answer: unknown;
      readonly why?: string;
    }
  /** At a heartbeat, of the rules that split requests. */
  | { readonly type: 'splits'; readonly splits: readonly SplitReport[] }
  | { readonly type: 'ping' };

/** Requests of one rule that ended since the last report, by the backend's key. */
export interface SplitReport {
  readonly destination: string;
  readonly rule: string;
  readonly backends: Readonly<Record<string, number>>;
}

export type ControlMessage =
  | { readonly type: 'welcome'; readonly protocol: 1; readonly controlPlane: string }
  | {
      readonly type: 'put';
      /** As subscribed to: for an address, another than `config.key`. */
      readonly destination: string;
      /** Hash of the content: equal on all replicas. */
      readonly version: string;
      readonly config: DestinationConfig;
    }
  /** The answer to a subscription of INBOUND_KEY, which is also what acknowledgements name. */
  | { readonly type: 'put-inbound'; readonly version: string; readonly config: InboundConfig }
  /** What the proxy holds from last-good is still right. */
  | { readonly type: 'current'; readonly destination: string; readonly version: string }
  /** No such Service port, or nobody's address. `nearest`: names that exist, closest first, ≤ 3. */
  | { readonly type: 'gone'; readonly destination: string; readonly nearest: readonly string[] }
  /** Answered within `answerMs`, or never. */
  | { readonly type: 'query'; readonly id: number; readonly query: ProxyQuery }
  | { readonly type: 'ping' };

/** What people ask of a proxy, by way of the control plane. */
export type ProxyQuery =
  /** By request id or trace id. Answer: `RecordsAnswer`, the newest that this proxy holds. */
  | { readonly kind: 'explain'; readonly requestId: string }
  /** Answer: `RecordsAnswer`, the first that end within `tapMs` from now. */
  | { readonly kind: 'tap'; readonly filter: TapFilter; readonly tapMs: number }
  /** Answer: the page of that name, as the proxy's own admin listener has it. */
  | { readonly kind: 'config' }
  | { readonly kind: 'stats' };

export interface RecordsAnswer {
  readonly records: readonly RequestRecord[];
  /** At least so many more did not fit. */
  readonly leftOut: number;
}

/** All that is given must hold. */
export interface TapFilter {
  /** Part of a rule's id or of a destination's key. */
  readonly route: string | null;
  readonly onlyFailed: boolean;
  readonly method: string | null;
  /** The path begins so. */
  readonly path: string | null;
}

/** `detect`: nobody said. The first bytes of an intercepted connection do; else it is HTTP. */
export type PortProtocol = 'http' | 'opaque' | 'detect';

/**
 * One Service port as outbound traffic sees it, key `name.namespace:port`; or one port of a pod
 * that was dialled by its own address, which is the key: no route, and that pod alone as endpoint.
 */
export interface DestinationConfig {
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  readonly protocol: PortProtocol;
  /** Matches of all rules, best precedence first; null: no route is attached, all goes to `key`. */
  readonly matches: readonly MatchConfig[] | null;
  readonly rules: readonly RuleConfig[];
  /** Used when no route is attached. */
  readonly fallback: RuleConfig;
  /** Every backend that a rule names, `key` itself included, by `name.namespace:port`. */
  readonly backends: Readonly<Record<string, BackendConfig>>;
  /** The objects this came from: what an acknowledgement is an acknowledgement of. */
  readonly sources: readonly SourceRef[];
}

export interface SourceRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
}

/** All that is given must hold. Header names are lower case. */
export interface MatchConfig {
  /** Index into `rules`. */
  readonly rule: number;
  readonly path: { readonly type: 'exact' | 'prefix' | 'regex'; readonly value: string } | null;
  readonly method: string | null;
  readonly headers: readonly ValueMatchConfig[];
  readonly query: readonly ValueMatchConfig[];
  /** Compared with the proxy's own identity when compiling. */
  readonly source: { readonly namespace?: string; readonly workload?: string } | null;
}

export interface ValueMatchConfig {
  readonly name: string;
  readonly type: 'exact' | 'regex' | 'present';
  /** Empty for `present`. */
  readonly value: string;
}

export interface RuleConfig {
  /** `<route>/<index>` or the rule's name: a metric label. `default` for the fallback. */
  readonly id: string;
  /** Not null: the rule cannot be served and answers 500 with this reason. */
  readonly invalid: string | null;
  readonly backends: readonly WeightedBackendConfig[];
  readonly sticky: StickyConfig | null;
  readonly redirect: RedirectConfig | null;
  readonly rewrite: RewriteConfig | null;
  readonly mirrors: readonly { readonly backend: string; readonly percent: number }[];
  readonly requestHeaders: HeaderEditsConfig | null;
  readonly responseHeaders: HeaderEditsConfig | null;
  readonly timeouts: TimeoutsConfig;
  readonly retry: RetryConfig;
  readonly hedge: HedgeConfig | null;
  /** Each decided by itself, in this order. */
  readonly faults: readonly FaultConfig[];
  /** Of each backend of the rule; null: none. */
  readonly breaker: RuleBreakerConfig | null;
  /** Whether the weight of a backend without endpoints or with an open breaker goes to the rest. */
  readonly spillover: boolean;
  /** Key into `backends`: gets the share of an open breaker, and all when no other is left. */
  readonly fallback: string | null;
  readonly priority: Priority;
}

export interface WeightedBackendConfig {
  /** Key into `backends`; null: the reference is invalid and its share answers 500. */
  readonly backend: string | null;
  /** Why `backend` is null: names the missing Service or port. */
  readonly invalid: string | null;
  /** 0 to 1,000,000. */
  readonly weight: number;
  readonly requestHeaders: HeaderEditsConfig | null;
  readonly responseHeaders: HeaderEditsConfig | null;
}

export interface StickyConfig {
  readonly key: { readonly type: 'header' | 'cookie' | 'peer'; readonly name: string };
  /** Differs between routes, so that one user is not in every canary. */
  readonly salt: string;
}

export interface RedirectConfig {
  readonly status: 301 | 302 | 303 | 307 | 308;
  readonly scheme: 'http' | 'https' | null;
  readonly hostname: string | null;
  readonly port: number | null;
  readonly path: PathRewriteConfig | null;
}

export interface RewriteConfig {
  readonly hostname: string | null;
  readonly path: PathRewriteConfig | null;
}

/** `prefix` replaces the matched prefix by whole segments. */
export interface PathRewriteConfig {
  readonly type: 'full' | 'prefix';
  readonly value: string;
}

export interface HeaderEditsConfig {
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

/** Milliseconds; 0: none. */
export interface TimeoutsConfig {
  readonly requestMs: number;
  readonly perTryMs: number;
}

export interface BackendConfig {
  readonly key: string;
  readonly endpoints: readonly EndpointConfig[];
  readonly balancer: BalancerConfig;
  readonly connectTimeoutMs: number;
  /** How long an unused connection is kept for reuse. */
  readonly idleTimeoutMs: number;
  readonly connectionsPerEndpointMax: number;
  /** Requests that may wait for a connection of one endpoint. */
  readonly waitingPerEndpointMax: number;
  readonly ejection: EjectionConfig;
  readonly limits: LimitsConfig;
  /** Shared by all rules that lead here. */
  readonly budget: BudgetConfig;
}

export interface BalancerConfig {
  readonly type: 'ewma' | 'least-request' | 'round-robin' | 'ring-hash';
  /** For ring-hash: what is hashed. */
  readonly hashKey: { readonly type: 'header' | 'cookie' | 'peer'; readonly name: string } | null;
  /** Over this long a new endpoint's share grows to full; 0: at once. */
  readonly slowStartMs: number;
  /** EWMA decay. */
  readonly decayMs: number;
}

export interface EndpointConfig {
  readonly address: string;
  readonly port: number;
  /** Relative share, 1 unless said. */
  readonly weight: number;
  /** The instance's name, for logs and `/stats`. */
  readonly instance: string;
  /** Whether a Remora inbound stands before it, which limits by itself. */
  readonly inMesh: boolean;
}
