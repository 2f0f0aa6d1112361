/**
 * One request as one line: when, who, what, how it ended, by which rule, and the id that
 * `remora explain` takes.
 *
 * Pure. Called by the verb `tap`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { Line, Style } from '../dev/line.ts';
import { clockText, timeText } from './time-text.ts';

export function tapLine(record: RequestRecord): Line {
  const { proxy, method, authority, path, status, durationMs, isFailed, cause } = record;
  const style: Style = isFailed ? 'red' : 'green';
  return [
    [`${clockText(record.startedAt + durationMs)} `, 'dim'],
    [`${proxy.name} `, 'cyan'],
    record.direction === 'inbound' ? '⇠ ' : '→ ',
    `${method} ${authority}${path} `,
    [`${status}${cause === null ? '' : ` ${cause}`} `, style],
    `${timeText(durationMs)} `,
    [goalText(record), 'dim'],
    record.requestId,
  ];
}

function goalText({ rule, attempts, direction }: RequestRecord): string {
  if (direction === 'inbound') return '';
  const last = attempts.at(-1);
  const place = last === undefined ? '' : last.instance || last.endpoint || last.backend;
  const tries = attempts.length > 1 ? ` in ${attempts.length} attempts` : '';
  return `${[rule, place].filter((part) => part !== '').join(' → ')}${tries} `;
}
