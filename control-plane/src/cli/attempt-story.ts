/**
 * One attempt of a request, told: why it was made, what it met, where it went and how it ended.
 *
 * Pure. Called by `story.ts`.
 */
import { ERRORS } from '@remora/api/errors.ts';
import type { AttemptRecord } from '@remora/api/request-record.ts';
import type { Line } from '../dev/line.ts';
import { storyLines } from './story-line.ts';
import { timeText } from './time-text.ts';

/** The words of the metric `remora_retries_total`, and a hedge. */
const REASONS: Readonly<Record<string, string>> = {
  unsent: 'nothing of the one before had been sent',
  stale: 'the kept connection of the one before was dead',
  failed: 'the connection of the one before failed',
  timed_out: 'the time for one try was over',
  status: 'the rule tries this status again',
  hedge: 'a hedge, beside one that was slow',
};

/** Codes whose hint was given: once a story is enough. */
export type ToldCodes = Set<string>;

export interface Telling {
  readonly columns: number;
  readonly told: ToldCodes;
}

export function attemptLines(attempt: AttemptRecord, number: number, telling: Telling): Line[] {
  const { columns } = telling;
  const { beganMs, endpoint, instance, backend, reason, chosenMs } = attempt;
  const where = endpoint === '' ? `no endpoint of ${backend}` : placeOf(instance, endpoint);
  const why = reason === '' ? '' : `, because: ${REASONS[reason] ?? reason}`;
  const lines = storyLines(beganMs, `attempt ${number} → ${where}${why}`, columns, 'bold');
  lines.push(...storyLines(null, standingText(attempt), columns, 'dim'));
  const weighed = weighedText(attempt);
  if (weighed !== '') lines.push(...storyLines(null, weighed, columns, 'dim'));
  const waitedMs = (chosenMs ?? attempt.endedMs) - beganMs;
  if (chosenMs === null) {
    const waited = `${timeText(waitedMs)} of waiting`;
    lines.push(...storyLines(attempt.endedMs, `never sent, after ${waited}`, columns, 'yellow'));
  } else {
    lines.push(...sentLines(attempt, chosenMs, waitedMs, columns));
  }
  return [...lines, ...endLines(attempt, telling)];
}

function placeOf(instance: string, endpoint: string): string {
  return instance === '' ? endpoint : `${instance} (${endpoint})`;
}

/** What has no bound is infinite here, and null where it came as JSON. */
function standingText({ limit, isBreakerOpen, budgetLeft, isProbe }: AttemptRecord): string {
  const { inFlight, waiting, max } = limit;
  const budget = Number.isFinite(budgetLeft)
    ? `for ${Math.floor(budgetLeft)} more`
    : 'without a bound';
  const parts = [
    `${inFlight}${Number.isFinite(max) ? ` of ${max}` : ''} in flight`,
    `${waiting} waiting`,
    isBreakerOpen ? 'breaker open' : 'breaker closed',
    `retry budget ${budget}`,
  ];
  if (isProbe) parts.push('the one that finds out whether the service is back');
  return parts.join(' · ');
}

function weighedText({ weighed, endpoint }: AttemptRecord): string {
  if (weighed.length === 0) return '';
  const scores = weighed.map(
    (one) => `${one.endpoint} ${score(one.score)}${one.endpoint === endpoint ? ' (taken)' : ''}`,
  );
  return `weighed ${scores.join(', ')}`;
}

function score(value: number): string {
  if (!Number.isFinite(value)) return 'out';
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

function sentLines(
  { sentMs, answeredMs, isReused, status, endedMs }: AttemptRecord,
  chosenMs: number,
  waitedMs: number,
  columns: number,
): Line[] {
  if (sentMs === null) {
    return storyLines(chosenMs, `chosen after ${timeText(waitedMs)}; never connected`, columns);
  }
  const connected = isReused ? '' : `, connected in ${timeText(sentMs - chosenMs)}`;
  const connection = isReused ? 'a kept connection' : 'a new connection';
  const text = `sent on ${connection}: waited ${timeText(waitedMs)}${connected}`;
  const lines = storyLines(sentMs, text, columns);
  if (answeredMs !== null) {
    const answer = `answered ${status} after ${timeText(answeredMs - sentMs)}`;
    lines.push(...storyLines(answeredMs, answer, columns));
  } else {
    lines.push(...storyLines(null, `no answer in ${timeText(endedMs - sentMs)}`, columns));
  }
  return lines;
}

function endLines({ endedMs, answeredMs, failure }: AttemptRecord, telling: Telling): Line[] {
  const { columns, told } = telling;
  if (failure !== null) return storyLines(endedMs, failureText(failure, told), columns, 'red');
  if (answeredMs === null) return storyLines(endedMs, 'given up', columns, 'red');
  const bodyMs = endedMs - answeredMs;
  return storyLines(endedMs, `ended; the body took ${timeText(bodyMs)}`, columns);
}

/** A code and its hint; a newer proxy may know codes that we do not. */
export function failureText(code: string, told: ToldCodes): string {
  if (told.has(code)) return code;
  told.add(code);
  const hint = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].hint : '';
  return hint === '' ? code : `${code}: ${hint}`;
}
