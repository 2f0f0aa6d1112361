/**
 * What one replica tells another of its proxies' acknowledgements and of how they split requests:
 * `GET /v1/acks`, JSON lines.
 *
 * The leader writes statuses, but a proxy is connected to one replica, any of them. So each tells
 * whoever asks what its own proxies have applied: everything at first, then what changed. A line is
 * the newest truth about one object and replaces what was said of it before, so a line that is lost
 * with its connection is made good by the next connection's first lines. How requests were split is
 * news: each report is told once, to whoever listens then.
 *
 * Owns one timer for all feeds. Made by `cluster.ts`; read by `apply/peer-acks.ts`.
 */
import type { ServerResponse } from 'node:http';
import { type SplitReport, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import type { Applied } from './acks.ts';

/** Silence longer than a heartbeat means that the replica has gone. */
const BEAT_TICKS = Math.floor(wireLimits.heartbeatMs / limits.ackFeedMs);

export const ACKS_PATH = '/v1/acks';

/** One line. `interested` 0: no proxy of this replica uses the object. */
export interface AckLine extends Applied {
  /** `Kind/namespace/name`. */
  readonly source: string;
}

/** Another line: requests that ended lately. */
export interface SplitLine {
  readonly split: SplitReport;
}

export interface Acknowledged {
  /** Counts up whenever `applied` may say something else. */
  readonly changes: number;
  applied(): Iterable<readonly [source: string, applied: Applied]>;
}

interface Feed {
  readonly response: ServerResponse;
  /** By source, the line as sent. */
  readonly sent: Map<string, string>;
}

export class AckFeeds {
  readonly #from: Acknowledged;
  readonly #feeds = new Set<Feed>();
  readonly #timer: NodeJS.Timeout;
  #seen = -1;
  #ticks = 0;

  constructor(from: Acknowledged) {
    this.#from = from;
    this.#timer = setInterval(() => this.#tell(), limits.ackFeedMs);
    this.#timer.unref();
  }

  /** Answers a request with a feed, which ends when either side closes. */
  add(response: ServerResponse): void {
    if (this.#feeds.size >= limits.ackFeedsMax) {
      response.writeHead(503).end(`Over ${limits.ackFeedsMax} feeds\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const feed: Feed = { response, sent: new Map() };
    this.#feeds.add(feed);
    response.on('close', () => this.#feeds.delete(feed));
    // A line at once: whoever reads knows that the feed is alive.
    response.write('\n');
    this.#write([...this.#lines()], [feed]);
  }

  /** Of the proxies of this replica alone, or two that both think they lead would echo for ever. */
  tellSplits(reports: readonly SplitReport[]): void {
    if (this.#feeds.size === 0) return;
    const lines = reports.map((split) => `${JSON.stringify({ split } satisfies SplitLine)}\n`);
    for (const { response } of this.#feeds) send(response, lines.join(''));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { response } of this.#feeds) response.destroy();
  }

  #tell(): void {
    if (++this.#ticks % BEAT_TICKS === 0) {
      for (const { response } of this.#feeds) response.write('\n');
    }
    if (this.#feeds.size === 0 || this.#from.changes === this.#seen) return;
    this.#seen = this.#from.changes;
    this.#write([...this.#lines()], this.#feeds);
  }

  *#lines(): Generator<readonly [source: string, line: string]> {
    for (const [source, { applied, interested, refused }] of this.#from.applied()) {
      const first = refused.slice(0, limits.ackRefusalsMax);
      const line: AckLine = { source, applied, interested, refused: first };
      yield [source, JSON.stringify(line)];
    }
  }

  #write(lines: readonly (readonly [string, string])[], feeds: Iterable<Feed>): void {
    const present = new Set(lines.map(([source]) => source));
    for (const { response, sent } of feeds) {
      let text = '';
      for (const [source, line] of lines) {
        if (sent.get(source) === line) continue;
        sent.set(source, line);
        text += `${line}\n`;
      }
      for (const source of sent.keys()) {
        if (present.has(source)) continue;
        sent.delete(source);
        const nobody: AckLine = { source, applied: 0, interested: 0, refused: [] };
        text += `${JSON.stringify(nobody)}\n`;
      }
      send(response, text);
    }
  }
}

/** Who does not read is closed: its next connection begins with the whole truth. */
function send(response: ServerResponse, text: string): void {
  if (response.writableLength > limits.unsentBytesMax) response.destroy();
  else if (text !== '') response.write(text);
}
