/**
 * One destination as the proxies of one namespace see it, and what each of them made of it.
 *
 * By namespace, because a consumer route changes a destination for its own namespace only. What a
 * proxy applied is kept as the version it named: whether that is still the newest is asked when
 * reading, so nothing has to be reset when a new version is made.
 *
 * Pure. Made and changed by `publisher.ts`, read by `acks.ts`.
 */
import type {
  ControlMessage,
  DestinationConfig,
  ProxyIdentity,
  SourceRef,
} from '@remora/api/wire.ts';

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
  readonly destination: string;
  readonly namespace: string;
  content: Content;
  readonly subscribers: Map<Subscriber, Ack>;
}

/** A put of this configuration; over `lineBytesMax` it says so instead. */
export function putContent(
  config: DestinationConfig,
  version: string,
  lineBytesMax: number,
): Content {
  const line = lineOf({ type: 'put', destination: config.key, version, config });
  const bytes = Buffer.byteLength(line);
  const unsendable =
    bytes <= lineBytesMax
      ? null
      : `the configuration is ${bytes} bytes, over the stream's ${lineBytesMax} a line`;
  return { version, line: unsendable === null ? line : '', sources: config.sources, unsendable };
}

export function goneContent(destination: string, nearest: readonly string[]): Content {
  const line = lineOf({ type: 'gone', destination, nearest });
  return { version: null, line, sources: [], unsendable: null };
}

export function lineOf(message: ControlMessage): string {
  return `${JSON.stringify(message)}\n`;
}
