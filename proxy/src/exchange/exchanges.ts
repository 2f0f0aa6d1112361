/**
 * Makes exchanges, pools them, and answers heads that never became a request.
 *
 * Not pure: writes through connections. Bound: `exchangesFreeMax` kept for reuse; in use there are
 * no more than downstream connections. Made by `proxy.ts`, one for each role; used by
 * `net/downstream.ts` as its server.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import { refusalCode, refusalReason } from '../http1/refusals.ts';
import * as limits from '../limits.ts';
import {
  type Downstream,
  type DownstreamServer,
  type DownstreamUser,
  REFUSED_BODY,
  REFUSED_HEAD_TIMEOUT,
} from '../net/downstream.ts';
import type { Scratch } from '../net/scratch.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeWorld, Role } from './exchange-world.ts';

export class ExchangePool {
  readonly #world: ExchangeWorld;
  readonly #free: Exchange[] = [];
  readonly #giveBack = (exchange: Exchange): void => this.giveBack(exchange);

  constructor(world: ExchangeWorld) {
    this.#world = world;
  }

  take(): Exchange {
    return this.#free.pop() ?? new Exchange(this.#world, this.#giveBack);
  }

  giveBack(exchange: Exchange): void {
    if (this.#free.length < limits.exchangesFreeMax) this.#free.push(exchange);
  }
}

/** What the connections of one role's listener are served by. */
export class RoleServer implements DownstreamServer {
  readonly scratch: Scratch;
  readonly wheel: TimerWheel;
  readonly #world: ExchangeWorld;
  readonly #exchanges: ExchangePool;
  readonly #role: Role;
  readonly #onClosed: (connection: Downstream) => void;

  constructor(
    world: ExchangeWorld,
    exchanges: ExchangePool,
    role: Role,
    onClosed: (connection: Downstream) => void,
  ) {
    this.scratch = world.scratch;
    this.wheel = world.wheel;
    this.#world = world;
    this.#exchanges = exchanges;
    this.#role = role;
    this.#onClosed = onClosed;
  }

  nowMs(): number {
    return this.#world.clock.nowMs();
  }

  user(connection: Downstream): DownstreamUser {
    const exchange = this.#exchanges.take();
    exchange.downstream = connection;
    exchange.role = this.#role;
    return exchange;
  }

  onRefused(_connection: Downstream, user: DownstreamUser, refusal: number): void {
    const exchange = user as Exchange;
    exchange.refuse(codeOf(refusal), reasonOf(refusal));
  }

  onUnused(user: DownstreamUser): void {
    const exchange = user as Exchange;
    exchange.request.reset();
    this.#exchanges.giveBack(exchange);
  }

  onDownstreamClosed(connection: Downstream): void {
    this.#onClosed(connection);
  }
}

function codeOf(refusal: number): ErrorCode {
  if (refusal === REFUSED_HEAD_TIMEOUT) return 'RMR_HEAD_TIMEOUT';
  if (refusal === REFUSED_BODY) return 'RMR_BODY_MALFORMED';
  return refusalCode(refusal);
}

function reasonOf(refusal: number): string {
  if (refusal === REFUSED_HEAD_TIMEOUT) {
    return `the head was not complete within ${limits.headTimeoutMs} ms`;
  }
  if (refusal === REFUSED_BODY) return 'the framing of the request body is broken';
  return refusalReason(refusal);
}
