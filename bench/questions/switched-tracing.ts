/**
 * A proxy that is told, while it runs, to trace in another way: by its configuration, as a mesh is.
 *
 * So what tracing costs is told within one process. Two that do the same differ by up to 1.5%, by
 * what their compilers made of the first seconds and by where their memory lies; the bars are 2%.
 *
 * Used by `seeing.ts`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TracingConfig } from '@remora/api/wire-resilience.ts';
import { until } from '../../test/support/waiting.ts';
import { freePorts } from '../machine/free-ports.ts';
import type { Place, Running } from '../peers/peer.ts';
import { remora } from '../peers/remora.ts';
import { type SnapshotFile, snapshotOf, traced } from '../remora-config.ts';
import type { RouteTable } from '../route-table.ts';

const APPLIED_TIMEOUT_MS = 5_000;
const POLL_MS = 10;

export class SwitchedTracing {
  readonly running: Running;
  readonly #file: string;
  readonly #admin: number;
  readonly #snapshot: SnapshotFile;
  #version = 0;

  private constructor(running: Running, file: string, admin: number, snapshot: SnapshotFile) {
    this.running = running;
    this.#file = file;
    this.#admin = admin;
    this.#snapshot = snapshot;
  }

  /** `app` is a port that its inbound role leads to: without one it is told nothing of tracing. */
  static async start(
    place: Place,
    table: RouteTable,
    { name, flags, app }: { name: string; flags: readonly string[]; app: number },
  ): Promise<SwitchedTracing> {
    const [admin = 0] = await freePorts(1);
    const snapshot = snapshotOf(table);
    const file = join(place.folder, `switched-${admin}.json`);
    writeFileSync(file, JSON.stringify(snapshot));
    const ports = ['--inbound', '127.0.0.1:0', '--app', `127.0.0.1:${app}`];
    const peer = remora({
      ...{ name, snapshot: file, hasLogReader: true },
      flags: [...ports, '--admin', `127.0.0.1:${admin}`, ...flags],
    });
    const running = await peer.start(place, table);
    return new SwitchedTracing(running, file, admin, snapshot);
  }

  /** Resolves once it is in force. */
  async use(tracing: TracingConfig): Promise<void> {
    const version = `switch-${++this.#version}`;
    const written = `${this.#file}.new`;
    writeFileSync(written, JSON.stringify(traced(this.#snapshot, tracing, version)));
    renameSync(written, this.#file);
    const isInForce = () => this.#hasApplied(version);
    await until(isInForce, `${version} in force`, APPLIED_TIMEOUT_MS, POLL_MS);
  }

  async #hasApplied(version: string): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.#admin}/config`);
    const { inbound } = (await response.json()) as Partial<SnapshotFile>;
    return inbound?.version === version;
  }
}
