/**
 * Keeps the statuses right while this replica leads: works out what is wanted whenever something
 * changed, at most four times a second, and hands it to the writer.
 *
 * Not pure: a timer. Made by `leadership.ts` when the replica becomes the leader.
 */
import { sourceKey, sourceOf } from '../publish/acks.ts';
import type { Core } from '../core.ts';
import * as limits from '../limits.ts';
import type { PeerAcks } from './peer-acks.ts';
import { SteadyShares } from './steady-shares.ts';
import type { StatusWriter } from './status-writer.ts';
import { wantedStatuses } from './wanted-statuses.ts';

export class StatusKeeper {
  readonly #core: Core;
  readonly #peers: PeerAcks;
  readonly #writer: StatusWriter;
  readonly #shares: SteadyShares;
  readonly #timer: NodeJS.Timeout;
  #seen = -1;
  #dueAtMs = 0;
  #isChanged = true;

  constructor(core: Core, peers: PeerAcks, writer: StatusWriter) {
    this.#core = core;
    this.#peers = peers;
    this.#writer = writer;
    this.#shares = new SteadyShares((destination, rule) => core.splits.of(destination, rule));
    this.#timer = setInterval(() => this.#look(), limits.statusPassMs);
    this.#timer.unref();
  }

  /** Something that no counter shows: the world, another replica. */
  changed(): void {
    this.#isChanged = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#writer.close();
  }

  #look(): void {
    if (!this.#writer.isOpen) return;
    const nowMs = performance.now();
    const { acknowledged, world } = this.#core;
    // Realised shares move by themselves.
    const isOld = nowMs >= this.#dueAtMs;
    if (!isOld && !this.#isChanged && acknowledged.changes === this.#seen) return;
    this.#isChanged = false;
    this.#seen = acknowledged.changes;
    const statuses = wantedStatuses(world, {
      appliedBy: (object) => {
        const source = sourceOf(object);
        return this.#peers.with(sourceKey(source), this.#core.appliedBy(source));
      },
      silent: this.#peers.silent,
      realised: (destination, rule) => this.#shares.of(destination, rule),
    });
    this.#writer.want(statuses);
    this.#dueAtMs = nowMs + limits.splitWindowMs;
  }
}
