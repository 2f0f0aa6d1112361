/**
 * One destination as the proxies of one namespace see it, and what each of them made of it.
 *
 * By namespace, because a consumer route changes a destination for its own namespace only; what is
 * about the application beside a proxy (INBOUND_KEY) by workload as well. What a proxy applied is
 * kept as the version it named: whether that is still the newest is asked when reading, so nothing
 * has to be reset when a new version is made.
 *
 * Pure. Made and changed by `publisher.ts`, read by `acks.ts`.
 */
import {
  type ControlMessage,
  type DestinationConfig,
  type ProxyIdentity,
  type SourceRef,
  wireLimits,
} from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { versionOf } from './versions.ts';

/** A proxy as the publisher sees it: who it is, and where lines for it go. */
export interface Subscriber {
  readonly proxy: ProxyIdentity;
  /** A newer line takes the place of one of the same destination that still waits. */
  send(destination: string, line: string): void;
}

export interface Ack {
  applied: string | null;
  refused: { readonly version: string; readonly reason: string } | null;
}

/** What is true of a destination now; `version` null: there is no such Service port. */
export interface Content {
  readonly version: string | null;
  readonly line: string;
  readonly sources: readonly SourceRef[];
  /** Not null: cannot be sent, and why. */
  readonly unsendable: string | null;
}

export interface Publication {
  /** As subscribed to: of a Service port, by name or by address, or INBOUND_KEY. */
  readonly destination: string;
  readonly namespace: string;
  /** Empty but for INBOUND_KEY. */
  readonly workload: string;
  content: Content;
  /** What the content was made of; null: it is gone. */
  config: Config | null;
  readonly subscribers: Map<Subscriber, Ack>;
}

type Config = DestinationConfig | InboundConfig;
type Put = Extract<ControlMessage, { readonly type: 'put' | 'put-inbound' }>;

/**
 * The content of each configuration, made once for all who are told the same: one Service has the
 * same configuration in most namespaces, and under its name and its addresses.
 */
export class Contents {
  readonly #made = new WeakMap<Config, Map<string, Content>>();

  of(config: Config, destination: string): Content {
    const made = this.#made.get(config) ?? new Map<string, Content>();
    const known = made.get(destination);
    if (known !== undefined) return known;
    const [other] = made.values();
    const version = other?.version ?? versionOf(config);
    const content = contentOf(putOf(config, destination, version));
    this.#made.set(config, made.set(destination, content));
    return content;
  }
}

function putOf(config: Config, destination: string, version: string): Put {
  // A backend is what only a destination has.
  if ('backends' in config) return { type: 'put', destination, version, config };
  return { type: 'put-inbound', version, config };
}

/** Over `lineBytesMax` it says so instead. */
function contentOf(put: Put): Content {
  const { lineBytesMax } = wireLimits;
  const line = lineOf(put);
  const bytes = Buffer.byteLength(line);
  const unsendable =
    bytes <= lineBytesMax
      ? null
      : `the configuration is ${bytes} bytes, over the stream's ${lineBytesMax} a line`;
  const { version, config } = put;
  return { version, line: unsendable === null ? line : '', sources: config.sources, unsendable };
}

export function goneContent(destination: string, nearest: readonly string[]): Content {
  const line = lineOf({ type: 'gone', destination, nearest });
  return { version: null, line, sources: [], unsendable: null };
}

export function lineOf(message: ControlMessage): string {
  return `${JSON.stringify(message)}\n`;
}
