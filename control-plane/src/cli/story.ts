/**
 * What is known of one request, as a story: who asked, what was decided and on what ground, what
 * was tried and how it ended. For three in the morning, in 80 to 100 columns.
 *
 * Every time is since the request's head had come to that proxy; a section says how long after the
 * first it began. What was not recorded is not guessed.
 *
 * Pure. Called by the verb `explain`. Tests: `story.test.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { Line, Style } from '../dev/line.ts';
import { attemptLines, failureText, type Telling } from './attempt-story.ts';
import { inCallOrder } from './record-order.ts';
import { listText, storyLines } from './story-line.ts';
import { bytesText, dateText, timeText } from './time-text.ts';

const KEPT_BECAUSE: Readonly<Record<string, string>> = {
  sampled: 'its trace is sampled',
  failed: 'it failed',
  slow: 'it was slow',
  marked: 'a callee marked it',
  asked: 'somebody tapped',
};

export function storyOf(records: readonly RequestRecord[], columns: number): Line[] {
  const hops = inCallOrder(records);
  const first = hops[0]?.record;
  if (first === undefined) return [];
  const telling: Telling = { columns, told: new Set() };
  const lines: Line[] = [titleLine(first), ...identityLines(first)];
  for (const { record, depth } of hops) {
    lines.push([], hopTitle(record, depth, record.startedAt - first.startedAt));
    lines.push(...hopLines(record, telling));
  }
  return lines;
}

function titleLine({ method, authority, path, status, isFailed, durationMs }: RequestRecord): Line {
  const style: Style = isFailed ? 'alarm' : 'green';
  return [
    [`${method} ${authority}${path} `, 'bold'],
    [`${isFailed ? '✗' : '✓'} ${status} after ${timeText(durationMs)}`, style],
  ];
}

function identityLines({ requestId, traceId, startedAt }: RequestRecord): Line[] {
  const texts = [`request ${requestId} · ${dateText(startedAt)}`, `trace   ${traceId}`];
  return texts.map((text) => [[text, 'dim']]);
}

function hopTitle(record: RequestRecord, depth: number, afterMs: number): Line {
  const { proxy, direction, destination, reason, isFailed } = record;
  const goal = direction === 'inbound' ? 'its application' : destination || 'nowhere';
  const after = depth === 0 && afterMs === 0 ? '' : ` · ${signed(afterMs)}`;
  const kept = KEPT_BECAUSE[reason] ?? reason;
  return [
    [isFailed ? '✗ ' : '✓ ', isFailed ? 'red' : 'green'],
    [`${proxy.namespace}/${proxy.name} → ${goal}`, 'cyan'],
    [` · ${direction}${after} · kept because ${kept}`, 'dim'],
  ];
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${timeText(Math.abs(ms))}`;
}

function hopLines(record: RequestRecord, telling: Telling): Line[] {
  const { attempts } = record;
  const { columns } = telling;
  const lines = storyLines(0, arrivalText(record), columns);
  for (const text of decisionTexts(record)) lines.push(...storyLines(null, text, columns));
  for (const [index, attempt] of attempts.entries()) {
    lines.push(...attemptLines(attempt, index + 1, telling));
  }
  return [...lines, ...endingLines(record, telling)];
}

function arrivalText(record: RequestRecord): string {
  const { protocol, method, path, peer, userAgent, requestBytes, deadlineMs } = record;
  const agent = userAgent === '' ? '' : ` (${userAgent})`;
  const body = requestBytes === 0 ? '' : ` with a body of ${bytesText(requestBytes)}`;
  const deadline = deadlineMs === null ? 'no deadline' : `deadline in ${timeText(deadlineMs)}`;
  return `${protocol} ${method} ${path} from ${peer}${agent}${body}; ${deadline}`;
}

function decisionTexts({ rule, nearest, split, backend, destination }: RequestRecord): string[] {
  const texts: string[] = [];
  if (rule !== '') texts.push(`rule ${rule}${backend === '' ? '' : ` → ${backend}`}`);
  else if (destination !== '') texts.push(`no rule of ${destination} was found for it`);
  if (nearest !== null) texts.push(`not rule ${nearest.rule}: ${nearest.why}`);
  if (split === null) return texts;
  const total = split.shares.reduce((sum, { weight }) => sum + weight, 0);
  const shares = split.shares.map(
    (share) => `${share.backend} ${share.weight}${total > 0 ? ` of ${total}` : ''}`,
  );
  const { cohort, draw } = split;
  const by =
    cohort === null ? `chance drew ${drawText(draw)}` : `cohort of ${cohort.by} "${cohort.key}"`;
  texts.push(`split between ${listText(shares)}: ${by}`);
  return texts;
}

function drawText(draw: number | null): string {
  return draw === null ? 'nothing' : draw.toFixed(3);
}

function endingLines(record: RequestRecord, { columns, told }: Telling): Line[] {
  const { status, cause, detail, responseBytes, durationMs, isFailed, attempts } = record;
  const style: Style = isFailed ? 'red' : 'green';
  const lines: Line[] = [];
  const denied = deniedText(record);
  if (denied !== '') lines.push(...storyLines(attempts.at(-1)?.endedMs ?? null, denied, columns));
  const size = `${bytesText(responseBytes)} of body`;
  const text =
    status === 499
      ? 'the caller left before an answer began'
      : `answered ${status} to the caller, ${size}`;
  lines.push(...storyLines(durationMs, text, columns, style));
  if (cause !== null) lines.push(...storyLines(null, failureText(cause, told), columns, style));
  if (detail !== '') lines.push(...storyLines(null, detail, columns));
  return lines;
}

/** Why no attempt followed the last one, by the proxy's word for it. */
const DENIALS: Readonly<Record<string, string>> = {
  final: 'what it ended by is never tried again',
  answered: 'a part of its answer had gone down',
  used_up: 'the rule allows no more',
  not_repeatable: 'it may have been executed, and twice would do harm (not idempotent, no key)',
  body: 'a part of the request body is gone',
  deadline: 'time would have been up before it',
  budget: 'the retry budget of the service was empty',
};

function deniedText({ denied }: RequestRecord): string {
  if (denied === '') return '';
  return `no other attempt: ${DENIALS[denied] ?? denied}`;
}
