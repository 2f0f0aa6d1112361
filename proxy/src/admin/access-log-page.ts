/**
 * /access-log: GET shows what is logged, POST adds a filter for a while, DELETE ends all filters.
 *
 *   {"mode":"errors","sample":1,"filters":[{…,"endsInMs":…,"matched":…}],"lines":{…}}
 *
 * Each answers with what is then in force, so that a slip is seen at once. On loopback only: what
 * it switches costs work. The parameters are in `access-log-query.ts`.
 */
import * as limits from '../limits.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import { readAccessOrder } from './access-log-query.ts';
import { type Page, queryOf } from './page.ts';
import type { PageAnswer } from './page-answer.ts';

const PATH = '/access-log';

export const accessLogPages: readonly Page[] = [
  accessLogPage('GET', (log, query, answer) => {
    // Whoever forgot the POST would wait for lines that never come.
    if (query !== '') return answer.text(400, 'GET only shows: send the parameters with POST\n');
    show(log, answer);
  }),
  accessLogPage('POST', (log, query, answer) => {
    const order = readAccessOrder(query);
    if (typeof order === 'string') return answer.text(400, `${order}\n`);
    if (order === null) log.endOrders();
    else if (!log.order(order.filter, order.forMs)) return answer.text(429, TOO_MANY);
    show(log, answer);
  }),
  accessLogPage('DELETE', (log, query, answer) => {
    if (query !== '') return answer.text(400, 'DELETE ends all filters and takes no parameters\n');
    log.endOrders();
    show(log, answer);
  }),
];

const TOO_MANY =
  `${limits.accessFiltersMax} filters are in force, and that is the most: ` +
  `wait, or end them all with DELETE ${PATH}\n`;

function accessLogPage(
  method: Page['method'],
  act: (log: AccessLog, query: string, answer: PageAnswer) => void,
): Page {
  return {
    method,
    path: PATH,
    answer({ accessLog }, answer, head) {
      act(accessLog, queryOf(head), answer);
    },
  };
}

function show(log: AccessLog, answer: PageAnswer): void {
  answer.begin(200, 'application/json');
  answer.write(`${JSON.stringify(log.state())}\n`);
  answer.end();
}
