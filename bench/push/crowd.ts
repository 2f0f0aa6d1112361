/**
 * All simulated proxies: connects them, cuts them off, and sees when a change has reached each.
 *
 * Not pure: a thousand connections. Made by the question.
 */
import { createSecureContext } from 'node:tls';
import { CONTROL_HOST, CONTROL_SERVERNAME } from '../../test/support/control-installation.ts';
import { ports } from '@remora/api/ports.ts';
import type { MeshCluster } from './mesh-cluster.ts';
import type { ProxyPlan } from './mesh-objects.ts';
import { type Put, SimulatedProxy } from './simulated-proxy.ts';

export interface Reached {
  /** Milliseconds of `performance.now()`, one for each interested proxy, in order. */
  readonly atMs: readonly number[];
  /** What was sent meanwhile to proxies that do not use the destination. */
  readonly strayBytes: number;
}

interface Member {
  readonly proxy: SimulatedProxy;
  readonly uses: ReadonlySet<string>;
}

export class Crowd {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  static async gather(cluster: MeshCluster, plans: readonly ProxyPlan[]): Promise<Crowd> {
    const tokens = await cluster.tokensOf(plans);
    const context = createSecureContext({ ca: await cluster.authorityPem() });
    const servername = CONTROL_SERVERNAME;
    const control = { host: CONTROL_HOST, port: ports.control, servername, context };
    const members = plans.map(({ pod: name, namespace, workload, uses }, at) => {
      const destinations = uses.map((index) => cluster.addressOf(index));
      const token = tokens[at]!;
      const proxy = new SimulatedProxy({
        ...{ name, namespace, workload, token, destinations, control },
      });
      return { proxy, uses: new Set(destinations) };
    });
    return new Crowd(members);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Streams that did not open, or ended. */
  get losses(): number {
    return this.#members.reduce((sum, { proxy }) => sum + proxy.losses, 0);
  }

  connect(): void {
    for (const { proxy } of this.#members) proxy.connect();
  }

  cut(): void {
    for (const { proxy } of this.#members) proxy.cut();
  }

  stop(): void {
    for (const { proxy } of this.#members) proxy.stop();
  }

  /**
   * Resolves with the instants at which each proxy had an answer to all of its subscriptions on a
   * connection that began after this call.
   */
  async becomesCurrent(limitMs: number): Promise<readonly number[]> {
    const atMs: number[] = [];
    await this.#within(limitMs, 'are current', (done) => {
      const waiting = new Set(this.#members);
      for (const member of this.#members) {
        member.proxy.onCurrent = () => {
          if (!waiting.delete(member)) return;
          atMs.push(performance.now());
          if (waiting.size === 0) done();
        };
      }
      return () => `${this.size - waiting.size} of ${this.size}`;
    });
    return atMs;
  }

  /** Resolves once all who use the destination were sent a configuration with this text in it. */
  async reached(destination: string, text: string, limitMs: number): Promise<Reached> {
    const interested = this.#members.filter(({ uses }) => uses.has(destination));
    const others = this.#members.filter(({ uses }) => !uses.has(destination));
    const before = bytesOf(others);
    const atMs: number[] = [];
    await this.#within(limitMs, `have ${text}`, (done) => {
      for (const { proxy } of interested) {
        proxy.onPut = (put: Put) => {
          if (put.destination !== destination || !put.line.includes(text)) return;
          atMs.push(performance.now());
          proxy.onPut = () => {};
          if (atMs.length === interested.length) done();
        };
      }
      return () => `${atMs.length} of ${interested.length}`;
    });
    return { atMs, strayBytes: bytesOf(others) - before };
  }

  async #within(
    limitMs: number,
    what: string,
    begin: (done: () => void) => () => string,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const howFar = begin(resolve);
    const timer = setTimeout(() => {
      reject(new Error(`after ${limitMs} ms ${howFar()} proxies ${what}`));
    }, limitMs);
    await promise.finally(() => clearTimeout(timer));
  }
}

function bytesOf(members: readonly Member[]): number {
  return members.reduce((sum, { proxy }) => sum + proxy.bytes, 0);
}
