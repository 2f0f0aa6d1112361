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
  /** Of a Service port, or INBOUND_KEY. */
  readonly destination: string;
  readonly namespace: string;
  /** Empty but for INBOUND_KEY. */
  readonly workload: string;
  content: Content;
  readonly subscribers: Map<Subscriber, Ack>;
}

type Put = Extract<ControlMessage, { readonly type: 'put' | 'put-inbound' }>;

export function putContent(config: DestinationConfig): Content {
  const version = versionOf(config);
  return contentOf({ type: 'put', destination: config.key, version, config });
}

export function putInboundContent(config: InboundConfig): Content {
  return contentOf({ type: 'put-inbound', version: versionOf(config), config });
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
