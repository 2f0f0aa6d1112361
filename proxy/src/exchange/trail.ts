/**
 * Notes on one request while it runs: of every request, because nobody knows yet which will fail.
 *
 * Numbers and references into fields that exist anyway, and no text: what a note means is worked
 * out only for a request that leaves a record (`record.ts`). Making the record at once was refused:
 * it is 100 times the work, and of 100 requests 99 are not asked about.
 *
 * Embedded in its exchange. Budget: no allocation, but for the first attempts of each exchange.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import * as limits from '../limits.ts';
import type { Destination } from '../routing/compiled.ts';
import { newSpanId, type SpanId } from '../telemetry/id-source.ts';

/** An instant that did not come. */
export const NEVER = -1;
/** Why an attempt was made: a RETRY, or one of these. */
export const FIRST = -1;
export const HEDGE = -2;

/** Nobody asked whether another attempt may follow. */
export const NOT_ASKED = -1;
/** Chance drew nothing for the split. */
export const NOT_DRAWN = -1;

export class AttemptNote {
  backend: Backend | null = null;
  endpoint: Endpoint | null = null;
  why: number = FIRST;
  isProbe = false;
  isReused = false;
  beganAtMs = 0;
  chosenAtMs: number = NEVER;
  sentAtMs: number = NEVER;
  answeredAtMs: number = NEVER;
  endedAtMs: number = NEVER;
  /** 0: no answer. */
  status = 0;
  failure: ErrorCode | null = null;
  inFlight = 0;
  waiting = 0;
  /** What the balancer compared, where it compared. */
  one: Endpoint | null = null;
  other: Endpoint | null = null;
  oneCost = 0;
  otherCost = 0;
  /** Id of its span, as sent to the endpoint. */
  readonly span: SpanId = newSpanId();

  begin(why: number, backend: Backend, nowMs: number): void {
    this.backend = backend;
    this.endpoint = null;
    this.why = why;
    this.isProbe = false;
    this.isReused = false;
    this.beganAtMs = nowMs;
    this.chosenAtMs = NEVER;
    this.sentAtMs = NEVER;
    this.answeredAtMs = NEVER;
    this.endedAtMs = NEVER;
    this.status = 0;
    this.failure = null;
    this.inFlight = backend.admission.inFlight;
    this.waiting = backend.admission.waiting;
    this.one = null;
    this.other = null;
  }

  choose(endpoint: Endpoint, nowMs: number): void {
    const { one, other, oneCost, otherCost } = this.backend!.compared;
    this.endpoint = endpoint;
    this.chosenAtMs = nowMs;
    this.one = one;
    this.other = other;
    this.oneCost = oneCost;
    this.otherCost = otherCost;
  }
}

export class Trail {
  /** What the request is for; null: no service was found, or it is the application's. */
  destination: Destination | null = null;
  /** Of the answer that Remora made itself. */
  cause: ErrorCode | null = null;
  detail = '';
  draw: number = NOT_DRAWN;
  /** Why the last failed attempt was not followed by another: a RETRY. */
  denied: number = NOT_ASKED;
  /** Of the bodies, without framing. */
  requestBytes = 0;
  responseBytes = 0;
  /** Of the attempts made, those that are noted. */
  count = 0;
  readonly attempts: AttemptNote[] = [];

  /** A note for the next attempt. Beyond `attemptsNotedMax` the last one is written over. */
  next(): AttemptNote {
    const at = Math.min(this.count, limits.attemptsNotedMax - 1);
    this.count = at + 1;
    return (this.attempts[at] ??= new AttemptNote());
  }

  /** Remora answered itself. */
  refuse(code: ErrorCode, detail: string): void {
    this.cause = code;
    this.detail = detail;
  }

  reset(): void {
    this.destination = null;
    this.cause = null;
    this.detail = '';
    this.draw = NOT_DRAWN;
    this.denied = NOT_ASKED;
    this.requestBytes = 0;
    this.responseBytes = 0;
    this.count = 0;
  }
}
