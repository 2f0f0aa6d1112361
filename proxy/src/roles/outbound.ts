/**
 * The outbound role: which stages a request of our application passes, in which order.
 *
 *   authority → destination → rule → (redirect, faults) → target by weight → (spillover) → forward
 *
 * Each stage that can't go on answers with its own code: 404 where no name or no rule fits, 500
 * where a rule or its backend is invalid, for exactly its share (Gateway API, mesh rules).
 *
 * Called by `exchange/exchange.ts` once a request, again when awaited configuration has come.
 */
import { destinationKey } from '@remora/api/destination.ts';
import type { ErrorCode } from '@remora/api/errors.ts';
import { GONE, type Live, PENDING } from '../control/live.ts';
import type { Role, Routable } from '../exchange/exchange-world.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Downstream } from '../net/downstream.ts';
import type { Destination, Rule, Target } from '../routing/compiled.ts';
import type { Faults } from '../resilience/fault.ts';
import { REJECTED } from '../resilience/rule-breaker.ts';
import { isAlive, otherTarget } from '../routing/spillover.ts';
import { redirectLocation } from '../routing/redirect.ts';

/** Stands for a destination that is this proxy itself: no destination has this key. */
export const LOOP = 'loop';

export class Outbound implements Role {
  readonly direction = 'outbound';
  readonly retries = true;
  readonly trustsAnswerFields = true;
  /** Its answers go to the application, or out of the mesh. */
  readonly marksAnswers = false;
  readonly defaultAuthority: Uint8Array = new Uint8Array(0);
  readonly #live: Live;
  readonly #namespace: string;
  readonly #front: string | null;
  readonly #clock: Clock;
  readonly #chance: Chance;

  /** `front`: the key of every request's destination, where this proxy stands before one. */
  constructor(
    live: Live,
    names: { readonly namespace: string; readonly front: string | null },
    clock: Clock,
    chance: Chance,
  ) {
    this.#live = live;
    this.#clock = clock;
    this.#namespace = names.namespace;
    this.#front = names.front;
    this.#chance = chance;
  }

  failureCode(code: ErrorCode): ErrorCode {
    return code;
  }

  route(exchange: Routable): void {
    const { request, downstream } = exchange;
    const key = this.#keyOf(request, downstream);
    if (key === '') {
      const name = request.text(request.authorityStart, request.authorityEnd);
      return exchange.answer('RMR_NO_DESTINATION', `"${name}" is no service of this mesh`);
    }
    const destination = this.#live.lookup(key);
    if (destination === null) return this.#askFor(exchange, key);
    this.#routeIn(exchange, destination);
  }

  #routeIn(exchange: Routable, destination: Destination): void {
    const { request } = exchange;
    exchange.trail.destination = destination;
    let rule: Rule = destination.fallback;
    let prefixLength = 0;
    if (destination.table !== null) {
      const match = destination.table.match(request);
      if (match === null) {
        exchange.series = destination.unmatched;
        return exchange.answer('RMR_NO_ROUTE', `no rule of ${destination.key} matches`);
      }
      rule = match.rule;
      prefixLength = match.prefixLength;
    }
    exchange.rule = rule;
    exchange.series = rule.series;
    if (rule.invalid !== null) return exchange.answer('RMR_ROUTE_INVALID', rule.invalid);
    if (rule.redirect !== null) {
      const location = redirectLocation(request, rule.redirect, prefixLength, 'http');
      return exchange.redirect(rule.redirect.status, location);
    }
    if (rule.faults !== null && this.#isStruck(exchange, rule, rule.faults)) return;
    this.#split(exchange, rule, prefixLength);
  }

  /** Whether a fault of the rule ends the request, or holds it back for now. */
  #isStruck(exchange: Routable, rule: Rule, faults: Faults): boolean {
    const { strike } = exchange;
    if (!exchange.hasBeenStruck) {
      exchange.hasBeenStruck = true;
      const peer = faults.needsPeer ? exchange.downstream.peer : '';
      faults.strike(exchange.request, peer, this.#chance, strike);
      if (strike.delayMs > 0) {
        exchange.delay(strike.delayMs);
        return true;
      }
    }
    // Not asked after an answer: with that the exchange, and its strike, are another request's.
    const { isReset, abortStatus: status } = strike;
    if (!isReset && status === 0) return false;
    if (isReset) exchange.cutOff('RMR_FAULT_INJECTED');
    else {
      const detail = `rule ${rule.id} aborts this request on purpose`;
      exchange.answer('RMR_FAULT_INJECTED', detail, { status });
    }
    return true;
  }

  #split(exchange: Routable, rule: Rule, prefixLength: number): void {
    const peer = rule.needsPeer ? exchange.downstream.peer : '';
    const draw = this.#chance();
    exchange.trail.draw = draw;
    const chosen = rule.split.choose(exchange.request, peer, draw);
    const target = rule.targets[chosen];
    if (target === undefined) {
      return exchange.answer('RMR_BACKEND_INVALID', `rule ${rule.id} gives no backend any weight`);
    }
    if (target.backend === null) {
      exchange.series = target.series;
      return exchange.answer('RMR_BACKEND_INVALID', target.invalid ?? 'unknown backend');
    }
    exchange.priority = rule.priority;
    if (rule.spillover || rule.fallback !== null || target.breaker !== null) {
      return this.#forwardToAlive(exchange, rule, target, peer, prefixLength);
    }
    exchange.forward(target, target.backend, prefixLength);
  }

  /** Where the rule says what to do when its backend can't serve. */
  #forwardToAlive(
    exchange: Routable,
    rule: Rule,
    chosen: Target,
    peer: string,
    prefixLength: number,
  ): void {
    const nowMs = this.#clock.nowMs();
    const other = isAlive(chosen, nowMs)
      ? null
      : otherTarget(rule, exchange.request, peer, this.#chance(), nowMs);
    const target = other ?? chosen;
    const { breaker } = target;
    if (breaker !== null) {
      const epoch = breaker.admit(nowMs);
      if (epoch === REJECTED) {
        exchange.series = target.series;
        const detail = `of ${target.backend!.key}, for rule ${rule.id}`;
        const retryAfterMs = breaker.retryAfterMs(nowMs);
        return exchange.answer('RMR_BREAKER_OPEN', detail, { retryAfterMs });
      }
      exchange.breaker = breaker;
      exchange.breakerEpoch = epoch;
    }
    exchange.forward(target, target.backend!, prefixLength);
  }

  #askFor(exchange: Routable, key: string): void {
    if (key === LOOP) return exchange.answer('RMR_LOOP', 'the connection was made to it');
    const { epoch } = exchange;
    const outcome = this.#live.request(key, {
      configReady: () => {
        if (exchange.epoch === epoch) exchange.configArrived();
      },
    });
    if (outcome === PENDING) return exchange.awaitConfig();
    if (outcome === GONE) {
      const nearest = this.#live.nearest(key);
      const hint = nearest.length > 0 ? `; nearest: ${nearest.join(', ')}` : '';
      const detail = `no service port ${key}${hint}`;
      if (exchange.downstream.destinationKey === '') {
        return exchange.answer('RMR_NO_DESTINATION', detail);
      }
      // An intercepted connection had one: made anew, it is passed through to its address.
      exchange.request.keepAlive = false;
      return exchange.answer('RMR_NO_DESTINATION', detail, { status: 503 });
    }
    exchange.answer('RMR_TOO_MANY_WAITING', `for the configuration of ${key}`);
  }

  /** The destination's key, or '' for what is no name of a service. */
  #keyOf(head: Head, downstream: Downstream): string {
    if (this.#front !== null) return this.#front;
    if (downstream.destinationKey !== '') return downstream.destinationKey;
    const { slab, authorityStart: start, authorityEnd: end } = head;
    const memo = downstream.memoAuthority;
    if (memo.length === end - start && memo.length > 0) {
      let i = 0;
      while (i < memo.length && memo[i] === slab[start + i]) i++;
      if (i === memo.length) return downstream.memoKey;
    }
    if (end - start > limits.authorityBytesMax || end === start) return '';
    const key = destinationKey(head.text(start, end), this.#namespace) ?? '';
    downstream.memoAuthority = Buffer.from(slab.subarray(start, end));
    downstream.memoKey = key;
    return key;
  }
}
